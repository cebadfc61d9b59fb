// The hot routes beside bare echoes: how much of a server's speed is left when it also decides,
// counts, and keeps everything on disk.
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import * as workloads from '../load/workloads.ts'
import { race } from '../race.ts'

const UNITS_BEFORE = 50_000
const BATCH = 1_000
const STREAM = 5_000

export const THROUGHPUT = {
  'assign-new': race('assign-new', {
    workload: () => workloads.assignNew(seededChance(2)),
    bound: { atLeast: 0.68 },
  }),
  'assign-kept': race('assign-kept', {
    workload: units => workloads.assignKept(units, seededChance(4)),
    unitsBefore: UNITS_BEFORE,
    bound: { atLeast: 1.7 },
  }),
  reward: race('reward', {
    workload: units => workloads.reward(units, seededChance(5)),
    unitsBefore: UNITS_BEFORE,
    bound: { atLeast: 0.5 },
  }),
  'assign-batch': race('assign-batch', {
    workload: () => workloads.assignBatch(BATCH, seededChance(6)),
    items: 'units',
    isBulk: true,
    bound: { atLeast: 1.6 },
  }),
  'rewards-ndjson': race('rewards-ndjson', {
    workload: units => workloads.rewardStream(STREAM, units, seededChance(7)),
    items: 'events',
    unitsBefore: UNITS_BEFORE,
    isBulk: true,
    bound: { atLeast: 1 },
  }),
  sixteen: race('sixteen', {
    workload: () => workloads.assignNew(seededChance(3)),
    connections: 16,
    bound: { atLeast: 0.38 },
  }),
}
