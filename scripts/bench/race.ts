// A benchmark of one hot route: the service against both echoes, and its ratio to Express in each
// round.
import { join } from 'node:path'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { type Memory, memoryOf } from '../service/process-usage.ts'
import { Contestant } from './children/contestant.ts'
import { echo, type Workload } from './load/workloads.ts'
import type { Bench, Part, PartResult } from './part.ts'
import { assignUnits, startPrepared, uuidNames } from './prepare.ts'
import { doubtsAbout, type Lane, runRounds, type Slice } from './rounds.ts'
import { sliceTable } from './tables.ts'
import { type Bound, judge, type Verdict } from './verdict.ts'

export interface Race {
  readonly workload: (units: readonly string[]) => Workload
  /** Starts what the service keeps its data in; a new file unless given. */
  readonly database?: (bench: Bench, name: string) => Promise<Database>
  /** What a request consists of; each counts like a whole request of Express. */
  readonly items?: string
  /** Units that are assigned before. */
  readonly unitsBefore?: number
  /** At the most, of every contestant. */
  readonly connections?: number
  /** The requests are so large that a few are enough to keep the service busy. */
  readonly isBulk?: boolean
  /** Requests or items a second, over those of Express. */
  readonly bound: Bound
}

export interface Database {
  /** A file, or a URL. */
  readonly place: string
  readonly stop: () => Promise<void>
}

const BULK_CONNECTIONS = 4

export function race(name: string, plan: Race): Part {
  return async bench => {
    const { under } = bench.cores
    const database = await (plan.database ?? newFile)(bench, name)
    const service = await startPrepared(under, database.place)
    const echoes = [await Contestant.startEcho(under, 'Express'), await Contestant.startEcho(under, 'node:http')]
    try {
      const units = await assignUnits(service, plan.unitsBefore ?? 0, uuidNames(seededChance(1)))
      const lanes = lanesOf({ ...plan, name }, bench, service, echoes, units)
      const onSlice = (done: number, total: number) => bench.onProgress(done, total, `slices of ${name}`)
      const slices = await runRounds(lanes, { ...bench, serverCore: bench.cores.server, onSlice })
      return resultOf({ ...plan, name }, lanes, slices, memoryOf(service.pid))
    } finally {
      await Promise.all([service, ...echoes].map(contestant => contestant.stop()))
      await database.stop()
    }
  }
}

async function newFile({ folder }: Bench, name: string): Promise<Database> {
  return { place: join(folder, `${name}.db`), stop: async () => {} }
}

function lanesOf(
  { name, workload, connections: most = Number.POSITIVE_INFINITY, isBulk = false }: Race & { name: string },
  bench: Bench,
  service: Contestant,
  echoes: readonly Contestant[],
  units: readonly string[],
): Lane[] {
  const connections = Math.min(bench.connections, most)
  const own = isBulk ? Math.min(connections, BULK_CONNECTIONS) : connections
  return [
    { name, contestant: service, workload: workload(units), connections: own },
    ...echoes.map(contestant => ({
      name: `${contestant.name} echo`,
      contestant,
      workload: echo(seededChance(8)),
      connections,
    })),
  ]
}

function resultOf(
  { name, items = 'requests', bound }: Race & { name: string },
  lanes: readonly Lane[],
  slices: readonly (readonly Slice[])[],
  memory: Memory | null,
): PartResult {
  const [own = [], express = []] = slices
  const ratios = own.map((slice, round) => slice.itemsPerSecond / (express[round] as Slice).itemsPerSecond)
  const verdicts: Verdict[] = [judge(`${name}: ${items}/s ÷ Express echo`, ratios, bound)]
  const told =
    memory === null ? 'unknown here' : `${memory.now.toFixed(0)} MB, at the most ${memory.most.toFixed(0)} MB`
  const measured = {
    lanes: lanes.map(({ name: lane, connections }, place) => ({ lane, connections, rounds: slices[place] })),
    memory,
  }
  return {
    tables: [sliceTable(lanes, slices, items)],
    verdicts,
    notes: [`Memory of the service: ${told}.`, ...doubtsAbout(lanes, slices)],
    measured,
  }
}
