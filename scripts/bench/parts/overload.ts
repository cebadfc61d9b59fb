// Three times as many new units as the service can serve, for half a minute, by the clock. Whom it
// accepts should be served in time, the others be told at once, and afterwards everything be as
// before.
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { memoryOf } from '../../service/process-usage.ts'
import { Contestant } from '../children/contestant.ts'
import { fillFile } from '../fill-file.ts'
import { type Load, loadClosed } from '../load/closed-loop.ts'
import type { Histogram } from '../load/histogram.ts'
import { loadOpen, type OpenResult } from '../load/open-loop.ts'
import { assignNew, echo } from '../load/workloads.ts'
import type { Bench, PartResult, Table } from '../part.ts'
import { percent, whole } from '../tables.ts'
import { judge, medianOf } from '../verdict.ts'

const TIMES = 3
const SECONDS = 30
const MAX_CONNECTIONS = 3_000
const LONGEST_PAUSE_MS = 100
const UNITS_BEFORE = 1_000_000

/** Requests a second, each waiting for its answer. */
interface Rate {
  readonly own: number
  readonly echo: number
}

export async function overload(bench: Bench): Promise<PartResult> {
  const { connections, rounds, seconds, folder, cores, onProgress } = bench
  const path = join(folder, 'overload.db')
  await fillFile(path, UNITS_BEFORE, done => onProgress(done, UNITS_BEFORE, 'units filled in'))
  const service = await Contestant.startService(cores.under, path)
  const express = await Contestant.startEcho(cores.under, 'Express')
  const { port, pid } = service
  const workload = assignNew(seededChance(2))
  const rateOf = async (load: Pick<Load, 'port' | 'workload'>) => {
    const result = await loadClosed({ ...load, connections, seconds })
    return result.requests / result.seconds
  }
  const measureRates = async (count: number) => {
    const rates: Rate[] = []
    while (rates.length < count) {
      const own = await rateOf({ port, workload })
      rates.push({ own, echo: await rateOf({ port: express.port, workload: echo(seededChance(8)) }) })
    }
    return rates
  }
  try {
    await measureRates(1)
    const before = await measureRates(rounds)
    onProgress(1, 3, 'steps of overload')
    const cpu = process.cpuUsage()
    // Of the best slice: what else runs on the machine makes the service look slower than it is.
    const rate = TIMES * Math.max(...before.map(({ own }) => own))
    const { sinceDue, sinceSent, refusals, ...result } = await loadOpen({
      port,
      rate,
      seconds: SECONDS,
      maxConnections: MAX_CONNECTIONS,
      workload,
    })
    const latencies = {
      sinceDue: quantilesOf(sinceDue),
      sinceSent: quantilesOf(sinceSent),
      refusals: quantilesOf(refusals),
    }
    const { user, system } = process.cpuUsage(cpu)
    onProgress(2, 3, 'steps of overload')
    const after = await measureRates(rounds)
    const share = ({ own, echo }: Rate) => own / echo
    const recovered = after.map(each => share(each) / medianOf(before.map(share)))
    const loadCpu = percent((user + system) / 1e6 / SECONDS)
    return {
      tables: [ratesTable(before, after, result), latencyTable(latencies)],
      verdicts: [
        judge('overload: p99 of what was accepted, since sent', [latencies.sinceSent.p99], { atMost: 250 }, ' ms'),
        judge('overload: assign-new after ÷ before, both ÷ Express echo', recovered, { atLeast: 0.9 }),
      ],
      notes: [
        `${whole(result.connectionsOpened)} connections were opened, ${whole(result.mostConnections)} at the same time at the most.`,
        `The load took ${loadCpu} of its core.`,
        `Memory of the service: ${memoryOf(pid)?.most.toFixed(0) ?? '–'} MB at the most.`,
        ...doubtsAboutLoad(result),
      ],
      measured: { before, after, rate, ...result, ...latencies },
    }
  } finally {
    await Promise.all([service.stop(), express.stop()])
  }
}

/** Arrivals come by the clock only as long as the load has a core for itself. */
function doubtsAboutLoad({ longestPauseMs }: Pick<OpenResult, 'longestPauseMs'>): string[] {
  if (longestPauseMs <= LONGEST_PAUSE_MS) return []
  return [
    `!!! The load was held up for up to ${longestPauseMs.toFixed(0)} ms: others had its core, and no number here is worth much.`,
  ]
}

function ratesTable(
  before: readonly Rate[],
  after: readonly Rate[],
  { arrivals, answers, lost, unsent, unanswered }: Omit<OpenResult, 'sinceDue' | 'sinceSent' | 'refusals'>,
): Table {
  const row = (name: string, count: number) => [name, count / SECONDS, percent(count / arrivals)]
  return {
    head: ['', 'a second', 'of the arrivals'],
    rows: [
      ['before, waiting for answers', medianOwn(before), ''],
      row('arrivals by the clock', arrivals),
      ...Object.entries(answers).map(([status, count]) => row(`answered ${status}`, count)),
      ...Object.entries(lost).map(([code, count]) => row(`connection ${code}`, count)),
      row('found no connection', unsent),
      row('sent, not answered', unanswered),
      ['at once after, waiting for answers', after[0]?.own ?? null, ''],
      ['after, waiting for answers', medianOwn(after), ''],
    ],
  }
}

function medianOwn(rates: readonly Rate[]): number {
  return medianOf(rates.map(({ own }) => own))
}

type Quantiles = Readonly<Record<'p50' | 'p99' | 'p999' | 'max', number>>

function quantilesOf(latencies: Histogram): Quantiles {
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map(share => latencies.quantile(share)) as [number, number, number]
  return { p50, p99, p999, max: latencies.max }
}

function latencyTable({
  sinceDue,
  sinceSent,
  refusals,
}: Record<'sinceDue' | 'sinceSent' | 'refusals', Quantiles>): Table {
  const row = (name: string, { p50, p99, p999, max }: Quantiles) => [name, p50, p99, p999, max]
  return {
    head: ['latency', 'p50 ms', 'p99 ms', 'p999 ms', 'max ms'],
    rows: [row('200, since due', sinceDue), row('200, since sent', sinceSent), row('503, since sent', refusals)],
  }
}
