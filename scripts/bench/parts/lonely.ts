// One client that asks for one unit after another waits for the disk each time; it should wait for
// little else. The disk is asked alone in the same rounds.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { Contestant } from '../children/contestant.ts'
import { assignNew, echo } from '../load/workloads.ts'
import type { Bench, PartResult } from '../part.ts'
import { startPrepared } from '../prepare.ts'
import { doubtsAbout, type Lane, runRounds } from '../rounds.ts'
import { sliceTable } from '../tables.ts'
import { judge, medianOf } from '../verdict.ts'

const PROBE = fileURLToPath(new URL('../children/fsync-probe.ts', import.meta.url))

export async function lonely(bench: Bench): Promise<PartResult> {
  const service = await startPrepared(bench.cores.under, join(bench.folder, 'lonely.db'))
  const express = await Contestant.startEcho(bench.cores.under, 'Express')
  try {
    const lanes: Lane[] = [
      { name: 'assign-new', contestant: service, workload: assignNew(seededChance(2)), connections: 1 },
      { name: 'Express echo', contestant: express, workload: echo(seededChance(8)), connections: 1 },
    ]
    const fsyncMs: number[] = []
    const slices = await runRounds(lanes, {
      ...bench,
      serverCore: bench.cores.server,
      onSlice: (done, total) => bench.onProgress(done, total, 'slices of lonely'),
      onRound: async () => void fsyncMs.push(await medianFsync(bench)),
    })
    const beyond = (slices[0] ?? []).map(({ p50 }, round) => p50 - (fsyncMs[round] as number))
    return {
      tables: [sliceTable(lanes, slices)],
      verdicts: [judge('lonely: p50 − p50 of an fsync', beyond, { atMost: 1 }, ' ms')],
      notes: [`Appending 4 KiB and fsync, p50: ${medianOf(fsyncMs).toFixed(2)} ms.`, ...doubtsAbout(lanes, slices)],
      measured: { slices, fsyncMs },
    }
  } finally {
    await Promise.all([service.stop(), express.stop()])
  }
}

/** On the same disk and core. */
async function medianFsync({ folder, seconds, cores }: Bench): Promise<number> {
  const [program = process.execPath, ...parts] = [...cores.under, process.execPath, PROBE]
  const { stdout } = await promisify(execFile)(program, [...parts, join(folder, 'fsync-probe'), String(seconds)], {
    maxBuffer: 2 ** 26,
  })
  return medianOf(JSON.parse(stdout) as number[])
}
