// Parses the command line, and reports mistakes in it.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { UsageError } from './failure.ts'

/** The arguments by their names. @throws UsageError for an unknown one */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  options: Options,
  args: readonly string[] = process.argv.slice(2),
) {
  try {
    return parseArgs({ options, args: [...args], allowPositionals: true, strict: true })
  } catch (error) {
    const [sentence] = (error as Error).message.split(/[.\n]/, 1)
    throw new UsageError(`${sentence}; see --help`)
  }
}

/** A whole number of at least `least`, or null where the option is not given. @throws UsageError */
export function wholeNumberOf(text: string | undefined, option: string, least: number): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${option} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`)
}
