// What Pinwheel costs on this machine, beside the bare servers it could be at best: npm run bench
import { rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import type { Bench, Part, PartResult } from './bench/part.ts'
import { large } from './bench/parts/large.ts'
import { lonely } from './bench/parts/lonely.ts'
import { neighbours } from './bench/parts/neighbours.ts'
import { overload } from './bench/parts/overload.ts'
import { postgres } from './bench/parts/postgres.ts'
import { size } from './bench/parts/size.ts'
import { startUp } from './bench/parts/start-up.ts'
import { THROUGHPUT } from './bench/parts/throughput.ts'
import { type Cores, scratchOnDisk, separateCores } from './bench/setting.ts'
import { tableText, verdictText } from './bench/tables.ts'

const PARTS = {
  ...THROUGHPUT,
  postgres,
  lonely,
  size,
  'start-up': startUp,
  large,
  overload,
  neighbours,
} as const satisfies Record<string, Part>

type PartName = keyof typeof PARTS

const machineText = `Node ${process.version} on ${availableParallelism()} × ${cpus()[0]?.model ?? 'an unknown processor'}`

/** Only where they are asked for. */
const LONG: readonly string[] = ['large', 'overload', 'neighbours']

const HELP = `Usage: npm run bench -- [name …] [options]

Measures the service as it is (as npm start starts it, on a new file) beside two servers that only echo a body like the one of /assign:
Express, and node:http alone. They run in turn on one core, the load on another; what counts is the ratio within a round.

NAMES
  ${Object.keys(PARTS).join(', ')}
  Without a name all of them but ${LONG.join(', ')}, which take minutes.

OPTIONS
  --rounds N        (5)
  --seconds S       of each contestant in each round (4)
  --connections N   (64)
  --json FILE       writes everything there
`

const OPTIONS = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '4' },
  connections: { type: 'string', default: '64' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  const options = {
    rounds: wholeNumberOf(values.rounds, 'rounds', 1) as number,
    seconds: secondsOf(values.seconds),
    connections: wholeNumberOf(values.connections, 'connections', 1) as number,
  }
  const names = namesOf(positionals)
  const { folder, isOnDisk } = scratchOnDisk()
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const cores = separateCores()
  process.stdout.write(`${[machineText, roundsText(options), ...warningsOf(cores, isOnDisk)].join('\n')}\n`)
  const bar = new ProgressBar()
  const bench: Bench = { ...options, folder, cores, onProgress: (...progress) => bar.update(...progress) }

  const results: [name: PartName, result: PartResult][] = []
  for (const name of names) {
    const result = await PARTS[name](bench).catch(failed)
    results.push([name, result])
    if (process.stderr.isTTY) bar.say('')
    process.stdout.write(sectionText(name, result))
  }
  const verdicts = results.flatMap(([, result]) => result.verdicts)
  if (verdicts.length > 0) process.stdout.write(`\n${verdictText(verdicts)}\n`)
  if (values.json === undefined) return
  const parts = Object.fromEntries(results.map(([name, { verdicts, measured }]) => [name, { verdicts, measured }]))
  const machine = { description: machineText, isPinned: cores.server !== null, isOnDisk }
  writeFileSync(values.json, `${JSON.stringify({ ...options, machine, parts }, null, 2)}\n`)
})

function roundsText({ rounds, seconds, connections }: Pick<Bench, 'rounds' | 'seconds' | 'connections'>): string {
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s each, ${connections} connections`
}

function namesOf(positionals: readonly string[]): PartName[] {
  const known = Object.keys(PARTS) as PartName[]
  const unknown = positionals.find(name => !Object.hasOwn(PARTS, name))
  if (unknown !== undefined)
    throw new Failure(`There is no benchmark ${JSON.stringify(unknown)}; there is ${known.join(', ')}`)
  return known.filter(name => (positionals.length === 0 ? !LONG.includes(name) : positionals.includes(name)))
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3_600) return seconds
  throw new Failure(`--seconds must be a number above 0, and at most 3600, not ${JSON.stringify(text)}`)
}

function warningsOf({ server }: Cores, isOnDisk: boolean): string[] {
  const warnings: string[] = []
  if (server === null) {
    warnings.push(
      '!!! THE LOAD SHARES THE CORES of anyone who is measured (no taskset, or one core only): trust no ratio of this run.',
    )
  }
  if (!isOnDisk) {
    warnings.push('!!! THE FILES ARE IN MEMORY, where an fsync costs nothing: name a folder on a disk with TMPDIR.')
  }
  return warnings
}

/** The other parts are measured all the same. */
function failed(error: unknown): PartResult {
  if (!(error instanceof Failure)) throw error
  process.exitCode = 1
  return { tables: [], verdicts: [], notes: [`!!! FAILED, NOTHING MEASURED: ${error.message}`], measured: null }
}

function sectionText(name: string, { tables, notes }: PartResult): string {
  return `\n${name}\n\n${[...tables.map(tableText), ...notes].join('\n')}\n`
}
