// The command line as a command reads it.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { UsageError } from './failure.ts'

const HELP_OPTION = { help: { type: 'boolean', short: 'h', default: false } } as const

interface CommandLine<Options extends ParseArgsOptionsConfig> {
  readonly help: string
  readonly options?: Options
  /** Whether there may be arguments beside the options; by default there may not. */
  readonly allowPositionals?: boolean
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: Options }>>['values']

/** A command that prints its help with `--help`, and else calls `main` with its arguments. */
export function command<const Options extends ParseArgsOptionsConfig>(
  { help, options, allowPositionals = false }: CommandLine<Options>,
  main: (values: Values<Options>, positionals: readonly string[]) => Promise<void> | void,
): (args: readonly string[]) => Promise<void> {
  return async args => {
    const { values, positionals } = readArguments({ ...options, ...HELP_OPTION }, args, allowPositionals)
    if (values.help) process.stdout.write(help)
    else await main(values as unknown as Values<Options>, positionals)
  }
}

/** The command of this name. @throws UsageError where there is none */
export function commandNamed<Command>(commands: Readonly<Record<string, Command>>, name: string): Command {
  const found = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (found !== undefined) return found
  throw new UsageError(`There is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(', ')}`)
}

/** The arguments by their names. @throws UsageError for an unknown one */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  options: Options,
  args: readonly string[] = process.argv.slice(2),
  allowPositionals = true,
) {
  try {
    return parseArgs({ options, args: [...args], allowPositionals })
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\. |\n/, 1)
    throw new UsageError(`${sentence}; see --help`)
  }
}

/** The number in an option's text. @throws UsageError */
export function numberOf(text: string, option: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new UsageError(`--${option} must be a number, not ${JSON.stringify(text)}`)
}

/** The ends of a range, as `0,1`. @throws UsageError */
export function rangeOf(text: string, option: string): readonly [number, number] {
  const [low = Number.NaN, high = Number.NaN, ...others] = text.split(',').map(end => numberOf(end, option))
  if (low < high && others.length === 0) return [low, high]
  throw new UsageError(`--${option} must be LOW,HIGH, as 0,1, not ${text}`)
}

/** A whole number of at least `least`, or null where the option is not given. @throws UsageError */
export function wholeNumberOf(text: string | undefined, option: string, least: number): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${option} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`)
}
