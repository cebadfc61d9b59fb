// The service on a file of ten million units, beside one on an empty file: its start, its memory,
// and what a new unit costs when each falls on a page of its own.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { memoryOf } from '../../service/process-usage.ts'
import { Contestant } from '../children/contestant.ts'
import { fillFile } from '../fill-file.ts'
import { assignNew } from '../load/workloads.ts'
import type { Bench, PartResult } from '../part.ts'
import { startPrepared } from '../prepare.ts'
import { doubtsAbout, type Lane, runRounds, type Slice } from '../rounds.ts'
import { sliceTable, whole } from '../tables.ts'
import { judge, type Verdict } from '../verdict.ts'
import { type Start, startAndStop } from './start-up.ts'

const UNITS = 10_000_000
const STARTS = 5

export async function large(bench: Bench): Promise<PartResult> {
  const { folder, cores, onProgress } = bench
  const path = join(folder, 'large.db')
  const filledAt = performance.now()
  await fillFile(path, UNITS, done => onProgress(done, UNITS, 'units filled in'))
  const fillSeconds = (performance.now() - filledAt) / 1_000
  const megabytes = statSync(path).size / 1e6
  const starts: Start[] = []
  for (let start = 0; start < STARTS; start++) {
    starts.push(await startAndStop(() => Contestant.startService(cores.under, path)))
  }
  const { lanes, slices, memory } = await race(bench, path)
  const [own = [], empty = []] = slices
  const ratios = own.map((slice, round) => slice.requestsPerSecond / (empty[round] as Slice).requestsPerSecond)
  const startMs = starts.map(({ ms }) => ms)
  const verdicts: Verdict[] = [
    judge('large: assign-new ÷ on an empty file', ratios, { atLeast: 0.75 }),
    judge('large: listens after', startMs, { atMost: 1_000 }, ' ms'),
  ]
  if (memory !== null) verdicts.push(judge('large: memory after the load', [memory.now], { atMost: 300 }, ' MB'))
  return {
    tables: [sliceTable(lanes, slices)],
    verdicts,
    notes: [
      `${whole(UNITS)} units, ${whole(megabytes)} MB, filled in ${fillSeconds.toFixed(0)} s; the system may have all of it in memory.`,
      ...doubtsAbout(lanes, slices),
    ],
    measured: { units: UNITS, megabytes, fillSeconds, starts, memory, rounds: slices },
  }
}

async function race(bench: Bench, path: string) {
  const filled = await Contestant.startService(bench.cores.under, path)
  const empty = await startPrepared(bench.cores.under, join(bench.folder, 'large-empty.db'))
  try {
    const { connections } = bench
    const lanes: Lane[] = [
      { name: 'ten million units', contestant: filled, workload: assignNew(seededChance(2)), connections },
      { name: 'an empty file', contestant: empty, workload: assignNew(seededChance(3)), connections },
    ]
    const onSlice = (done: number, total: number) => bench.onProgress(done, total, 'slices of large')
    const slices = await runRounds(lanes, { ...bench, serverCore: bench.cores.server, onSlice })
    return { lanes, slices, memory: memoryOf(filled.pid) }
  } finally {
    await Promise.all([filled.stop(), empty.stop()])
  }
}
