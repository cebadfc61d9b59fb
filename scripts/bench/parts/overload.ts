// Three times as many new units as the service can serve, for half a minute, by the clock. Whom it accepts should be served in time, the
// others be told at once, and afterwards everything be as before.
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/chance.ts'
import { loadClosed } from '../load/closed-loop.ts'
import type { Histogram } from '../load/histogram.ts'
import { loadOpen, type OpenResult } from '../load/open-loop.ts'
import { assignNew } from '../load/workloads.ts'
import { memoryOf } from '../machine/usage.ts'
import type { Bench, PartResult, Table } from '../part.ts'
import { startPrepared } from '../prepare.ts'
import { percent, whole } from '../tables.ts'
import { judge, medianOf } from '../verdict.ts'

const TIMES = 3
const SECONDS = 30
/** How often the rate is measured before and after. */
const SLICES = 3
const MAX_CONNECTIONS = 3_000
const LONGEST_PAUSE_MS = 100

export async function overload({ connections, seconds, folder, cores, onProgress }: Bench): Promise<PartResult> {
  const service = await startPrepared(cores.under, join(folder, 'overload.db'))
  const { port, pid } = service
  const workload = assignNew(seededChance(2))
  const closedRates = async () => {
    const rates: number[] = []
    while (rates.length < SLICES) {
      const result = await loadClosed({ port, connections, seconds, workload })
      rates.push(result.requests / result.seconds)
    }
    return rates
  }
  try {
    await loadClosed({ port, connections, seconds, workload })
    const before = await closedRates()
    onProgress(1, 3, 'steps of overload')
    const cpu = process.cpuUsage()
    // Of the best slice: what else runs on the machine makes the service look slower than it is.
    const rate = TIMES * Math.max(...before)
    const result = await loadOpen({ port, rate, seconds: SECONDS, maxConnections: MAX_CONNECTIONS, workload })
    const { user, system } = process.cpuUsage(cpu)
    onProgress(2, 3, 'steps of overload')
    const after = await closedRates()
    const recovered = after.map(each => each / medianOf(before))
    const loadCpu = percent((user + system) / 1e6 / SECONDS)
    return {
      tables: [ratesTable(before, after, result), latencyTable(result)],
      verdicts: [
        judge(
          'overload: p99 of what was accepted, since sent',
          [quantilesOf(result).sinceSent.p99],
          { atMost: 250 },
          ' ms',
        ),
        judge('overload: assign-new after ÷ before', recovered, { atLeast: 0.9 }),
      ],
      notes: [
        `${whole(result.connectionsOpened)} connections were opened, ${whole(result.mostConnections)} at the same time at the most.`,
        `The load took ${loadCpu} of its core.`,
        `Memory of the service: ${memoryOf(pid)?.most.toFixed(0) ?? '–'} MB at the most.`,
        ...doubtsAboutLoad(result),
      ],
      measured: { before, after, rate, ...result, ...quantilesOf(result) },
    }
  } finally {
    await service.stop()
  }
}

/** Arrivals come by the clock only as long as the load has a core for itself. */
function doubtsAboutLoad({ longestPauseMs }: OpenResult): string[] {
  if (longestPauseMs <= LONGEST_PAUSE_MS) return []
  return [
    `!!! The load was held up for up to ${longestPauseMs.toFixed(0)} ms: others had its core, and no number here is worth much.`,
  ]
}

function ratesTable(
  before: readonly number[],
  after: readonly number[],
  { arrivals, answers, lost, unsent, unanswered }: OpenResult,
): Table {
  const row = (name: string, count: number) => [name, count / SECONDS, percent(count / arrivals)]
  return {
    head: ['', 'a second', 'of the arrivals'],
    rows: [
      ['before, waiting for answers', medianOf(before), ''],
      row('arrivals by the clock', arrivals),
      ...Object.entries(answers).map(([status, count]) => row(`answered ${status}`, count)),
      ...Object.entries(lost).map(([code, count]) => row(`connection ${code}`, count)),
      row('found no connection', unsent),
      row('sent, not answered', unanswered),
      ['at once after, waiting for answers', after[0] ?? null, ''],
      ['after, waiting for answers', medianOf(after), ''],
    ],
  }
}

function latencyTable(result: OpenResult): Table {
  const { sinceDue, sinceSent, refusals } = quantilesOf(result)
  const row = (name: string, { p50, p99, p999, max }: Quantiles) => [name, p50, p99, p999, max]
  return {
    head: ['latency', 'p50 ms', 'p99 ms', 'p999 ms', 'max ms'],
    rows: [row('200, since due', sinceDue), row('200, since sent', sinceSent), row('503, since sent', refusals)],
  }
}

interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

function quantilesOf({ sinceDue, sinceSent, refusals }: OpenResult) {
  const of = (latencies: Histogram): Quantiles => ({
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    p999: latencies.quantile(0.999),
    max: latencies.max,
  })
  return { sinceDue: of(sinceDue), sinceSent: of(sinceSent), refusals: of(refusals) }
}
