// Sends what nobody should send, and lives through what may happen in any order: npm run fuzz

import { alignColumns } from '../src/cli/terminal/aligned-columns.ts'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { formatCount, ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import { FULL, Violation } from './fuzz/expect-holds.ts'
import type { Played } from './fuzz/histories/expect-books.ts'
import { checkHistories } from './fuzz/histories/histories.ts'
import { type FuzzResult, fuzzService } from './fuzz/http/fuzz-service.ts'
import type { Weighing } from './fuzz/http/growth-fault.ts'

const HELP = `Usage: npm run fuzz -- [options]

Plays random histories against the bandit on a real store: assignments, rewards, retries, corrections, refreshes, changes and
restarts in any order, many at the same moment. Afterwards every unit must have the one arm that it was first given, every
event be counted once, every tally be what the facts say, and the propensities of each snapshot sum to one.
Then sends random requests to a service in a process of its own: every route, hostile bodies, heads and encodings. No answer
may be the service's fault or late, every refusal must be as the interface promises, the memory must not grow, and the books
must balance in the end.
Exit code 1 if anything is not so, with the seed and the smallest example that could be found.

OPTIONS
  --requests N     (${FULL.requests})
  --histories N    (${FULL.histories})
  --seed N         the same seed gives the same histories and requests (1)
  --leak N         the control: the service keeps N bytes of each request, in eights, and must be found out
`

const OPTIONS = {
  requests: { type: 'string', default: String(FULL.requests) },
  histories: { type: 'string', default: String(FULL.histories) },
  seed: { type: 'string', default: '1' },
  leak: { type: 'string', default: '0' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const requests = wholeNumberOf(values.requests, 'requests', 0) as number
  const histories = wholeNumberOf(values.histories, 'histories', 0) as number
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const leakBytes = wholeNumberOf(values.leak, 'leak', 0) as number
  const bar = new ProgressBar()
  try {
    if (histories > 0) process.stdout.write(await playAll(histories, seed, bar))
    if (requests > 0) {
      const result = await fuzzService({ requests, seed, leakBytes }, (sent, total) =>
        bar.update(sent, total, 'requests'),
      )
      process.stdout.write(serviceText(result))
    }
  } catch (error) {
    if (error instanceof Violation) throw new Failure(`With --seed ${seed}: ${error.message}`)
    throw error
  }
})

async function playAll(histories: number, seed: number, bar: ProgressBar): Promise<string> {
  const startedAt = performance.now()
  const sums = { histories: 0, units: 0, rewards: 0, snapshots: 0, versions: 0 }
  const onPlayed = (played: Played) => {
    sums.histories += 1
    for (const name of ['units', 'rewards', 'snapshots', 'versions'] as const) sums[name] += played[name]
    bar.update(sums.histories, histories, 'histories')
  }
  await checkHistories({ runs: histories, seed, onPlayed })
  const rows = Object.entries(sums).map(([name, count]) => [name, formatCount(count)])
  return tableText([...rows, ['seconds', ((performance.now() - startedAt) / 1_000).toFixed(0)]])
}

function serviceText(result: FuzzResult): string {
  const { byClass, requests, slowestMs, weighings, steadyWeighings, experiments, units, seconds } = result
  return tableText([
    ['requests', formatCount(requests)],
    ...[...byClass].sort().map(([name, count]) => [`  ${name}`, formatCount(count)]),
    ['slowest, ms', slowestMs.toFixed(0)],
    ['experiments', formatCount(experiments)],
    ['units', formatCount(units)],
    ...weighings.map(weighing => weightRow('hostile', weighing)),
    ...steadyWeighings.map(weighing => weightRow('nothing new', weighing)),
    ['seconds', seconds.toFixed(0)],
  ])
}

function weightRow(what: string, { requests, usedBytes, residentMB }: Weighing): string[] {
  const used = `${formatCount(Math.round(usedBytes / 1024))} KiB`
  const resident = residentMB === null ? 'unknown' : `${residentMB.toFixed(0)} MB`
  return [`at rest after ${formatCount(requests)} requests, ${what}`, used, `resident ${resident}`]
}

function tableText(rows: readonly (readonly string[])[]): string {
  return `${alignColumns(rows, [0]).join('\n')}\n\n`
}
