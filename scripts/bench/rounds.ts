// Contestants in turn, round after round, only one of them under load at a time: what disturbs the
// machine for a while disturbs all of them, and the ratio within a round is worth more than any
// speed.

import { coreSeconds, processSeconds } from '../service/process-usage.ts'
import type { Contestant } from './children/contestant.ts'
import { type Load, loadClosed } from './load/closed-loop.ts'
import type { Workload } from './load/workloads.ts'
import { medianOf } from './verdict.ts'

/** A contestant with what it is asked. */
export interface Lane {
  readonly name: string
  readonly contestant: Contestant
  readonly workload: Workload
  readonly connections: number
}

/** One lane in one round. */
export interface Slice {
  readonly requestsPerSecond: number
  /** Units or events. */
  readonly itemsPerSecond: number
  /** Latencies by request, ms. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /**
   * What the server computed for one unit or event, in µs: what others take from its core does not
   * change it.
   */
  readonly cpuMicros: number | null
  /** Shares of a core, or null where the system does not tell. */
  readonly serverCpu: number | null
  readonly loadCpu: number | null
  /** What all other processes, and a hypervisor, took of the server's core. */
  readonly othersCpu: number | null
}

export interface RoundsOptions {
  readonly rounds: number
  readonly seconds: number
  readonly serverCore: number | null
  readonly onSlice: (done: number, total: number) => void
  /** Measures something else after each round. */
  readonly onRound?: () => Promise<void>
}

/** Each lane's slices, round by round. Every lane is warmed up first. */
export async function runRounds(lanes: readonly Lane[], options: RoundsOptions): Promise<Slice[][]> {
  const { rounds, seconds, serverCore, onSlice, onRound } = options
  const slices = lanes.map((): Slice[] => [])
  for (const lane of lanes) await loadClosed(loadOf(lane, Math.min(WARM_UP_SECONDS, seconds)))
  for (let round = 0; round < rounds; round++) {
    for (const turn of lanes.keys()) {
      // Another one begins each time, so that none is always the neighbour of the same one.
      const place = (round + turn) % lanes.length
      slices[place]?.push(await measure(lanes[place] as Lane, seconds, serverCore))
      onSlice(round * lanes.length + turn + 1, rounds * lanes.length)
    }
    await onRound?.()
  }
  return slices
}

const WARM_UP_SECONDS = 2

function loadOf({ contestant, workload, connections }: Lane, seconds: number): Load {
  return { port: contestant.port, connections, seconds, workload }
}

async function measure(lane: Lane, seconds: number, serverCore: number | null): Promise<Slice> {
  const read = () => ({
    at: performance.now() / 1_000,
    server: processSeconds(lane.contestant.pid),
    core: serverCore === null ? null : coreSeconds(serverCore),
    load: process.cpuUsage(),
  })
  const before = read()
  const { requests, seconds: elapsed, latencies } = await loadClosed(loadOf(lane, seconds))
  const after = read()
  const share = (from: number | null, to: number | null) =>
    from === null || to === null ? null : (to - from) / (after.at - before.at)
  const serverCpu = share(before.server, after.server)
  const coreCpu = share(before.core, after.core)
  const loadSeconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6
  return {
    requestsPerSecond: requests / elapsed,
    itemsPerSecond: (requests * lane.workload.items) / elapsed,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    p999: latencies.quantile(0.999),
    max: latencies.max,
    cpuMicros:
      serverCpu === null ? null : (1e6 * serverCpu * (after.at - before.at)) / (requests * lane.workload.items),
    serverCpu,
    loadCpu: share(loadSeconds(before.load), loadSeconds(after.load)),
    othersCpu: coreCpu === null || serverCpu === null ? null : Math.max(0, coreCpu - serverCpu),
  }
}

/** The load generator must have time to spare, or it is what was measured. */
const MOST_LOAD_CPU = 0.9
const MOST_OTHERS_CPU = 0.1

/**
 * What makes a measurement doubtful, in sentences: a load that could not make more, or others who
 * took the core of anyone who was measured.
 */
export function doubtsAbout(lanes: readonly Pick<Lane, 'name'>[], slices: readonly (readonly Slice[])[]): string[] {
  const doubts = lanes.flatMap(({ name }, place) => {
    const load = medianOf((slices[place] ?? []).flatMap(({ loadCpu }) => loadCpu ?? []))
    if (!(load >= MOST_LOAD_CPU)) return []
    return [`!!! The load itself had no time to spare under ${name}: it was the bottleneck.`]
  })
  const others = slices.flat().flatMap(({ othersCpu }) => othersCpu ?? [])
  const busy = others.filter(share => share > MOST_OTHERS_CPU).length
  if (busy === 0) return doubts
  return [
    ...doubts,
    `Noise: others took more than a tenth of the server's core in ${busy} of ${others.length} slices, ${(100 * medianOf(others)).toFixed(0)} % in the median.`,
  ]
}
