// The hot routes beside bare echoes: how much of a server's speed is left when it also decides, counts, and keeps everything on disk.
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/chance.ts'
import { Contestant } from '../children/contestant.ts'
import * as workloads from '../load/workloads.ts'
import { type Memory, memoryOf } from '../machine/usage.ts'
import type { Bench, Part, PartResult } from '../part.ts'
import { assignUnits, startPrepared, uuidNames } from '../prepare.ts'
import { type Lane, runRounds, type Slice } from '../rounds.ts'
import { sliceTable } from '../tables.ts'
import { type Bound, judge, type Verdict } from '../verdict.ts'

interface Race {
  readonly name: string
  readonly workload: (units: readonly string[]) => workloads.Workload
  /** What a request consists of. */
  readonly items?: string
  /** Units that are assigned before. */
  readonly unitsBefore?: number
  /** At the most; the echoes have as many as they are given. */
  readonly connections?: number
  /** Of Express too. */
  readonly echoConnections?: number
  readonly bound: Bound
  /** The 99th percentile over that of Express. */
  readonly p99?: Bound
}

const UNITS_BEFORE = 50_000
const BATCH = 1_000
const STREAM = 5_000
/** Of requests so large, a few are always enough to keep a server busy. */
const BULK_CONNECTIONS = 4

export const assignNew = race({
  name: 'assign-new',
  workload: () => workloads.assignNew(seededChance(2)),
  bound: { atLeast: 1.2 },
  p99: { atMost: 1.5 },
})

export const sixteen = race({
  name: 'sixteen',
  workload: () => workloads.assignNew(seededChance(3)),
  connections: 16,
  echoConnections: 16,
  bound: { atLeast: 0.9 },
})

export const assignKept = race({
  name: 'assign-kept',
  workload: units => workloads.assignKept(units, seededChance(4)),
  unitsBefore: UNITS_BEFORE,
  bound: { atLeast: 1.8 },
})

export const reward = race({
  name: 'reward',
  workload: units => workloads.reward(units, seededChance(5)),
  unitsBefore: UNITS_BEFORE,
  bound: { atLeast: 0.9 },
})

export const assignBatch = race({
  name: 'assign-batch',
  workload: () => workloads.assignBatch(BATCH, seededChance(6)),
  items: 'units',
  connections: BULK_CONNECTIONS,
  bound: { atLeast: 8 },
})

export const rewardsNdjson = race({
  name: 'rewards-ndjson',
  workload: units => workloads.rewardStream(STREAM, units, seededChance(7)),
  items: 'events',
  unitsBefore: UNITS_BEFORE,
  connections: BULK_CONNECTIONS,
  bound: { atLeast: 3 },
})

function race(plan: Race): Part {
  return async bench => {
    const { under } = bench.cores
    const service = await startPrepared(under, join(bench.folder, `${plan.name}.db`))
    const echoes = [await Contestant.startEcho(under, 'Express'), await Contestant.startEcho(under, 'node:http')]
    try {
      const units = await assignUnits(service, plan.unitsBefore ?? 0, uuidNames(seededChance(1)))
      const lanes = lanesOf(plan, bench, service, echoes, units)
      const onSlice = (done: number, total: number) => bench.onProgress(done, total, `slices of ${plan.name}`)
      const slices = await runRounds(lanes, { ...bench, serverCore: bench.cores.server, onSlice })
      return resultOf(plan, lanes, slices, memoryOf(service.pid))
    } finally {
      await Promise.all([service, ...echoes].map(contestant => contestant.stop()))
    }
  }
}

function lanesOf(
  { name, workload, connections, echoConnections }: Race,
  bench: Bench,
  service: Contestant,
  echoes: readonly Contestant[],
  units: readonly string[],
): Lane[] {
  const own = Math.min(bench.connections, connections ?? bench.connections)
  const echo = Math.min(bench.connections, echoConnections ?? bench.connections)
  return [
    { name, contestant: service, workload: workload(units), connections: own },
    ...echoes.map(contestant => ({
      name: `${contestant.name} echo`,
      contestant,
      workload: workloads.echo(seededChance(8)),
      connections: echo,
    })),
  ]
}

function resultOf(
  { name, items = 'requests', bound, p99 }: Race,
  lanes: readonly Lane[],
  slices: readonly (readonly Slice[])[],
  memory: Memory | null,
): PartResult {
  const [own = [], express = []] = slices
  const against = (field: 'itemsPerSecond' | 'p99') =>
    own.map((slice, round) => slice[field] / (express[round] as Slice)[field])
  const verdicts: Verdict[] = [judge(`${name}: ${items}/s ÷ Express echo`, against('itemsPerSecond'), bound)]
  if (p99 !== undefined) verdicts.push(judge(`${name}: p99 ÷ Express echo`, against('p99'), p99))
  const notes =
    memory === null
      ? []
      : [`Memory of the service: ${memory.now.toFixed(0)} MB, at the most ${memory.most.toFixed(0)} MB.`]
  const measured = {
    lanes: lanes.map(({ name: lane, connections }, place) => ({ lane, connections, rounds: slices[place] })),
    memory,
  }
  return { tables: [sliceTable(lanes, slices, items)], verdicts, notes, measured }
}
