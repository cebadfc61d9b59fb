// How long the service takes from its launch until it listens, on a new file and on one with a
// million units.
import { join } from 'node:path'
import { Contestant } from '../children/contestant.ts'
import { fillFile } from '../fill-file.ts'
import type { Bench, PartResult } from '../part.ts'
import { judge, medianOf } from '../verdict.ts'

const UNITS = 1_000_000

export async function startUp(bench: Bench): Promise<PartResult> {
  const { folder, cores, rounds, onProgress } = bench
  const filled = join(folder, 'start-up-filled.db')
  await fillFile(filled, UNITS, done => onProgress(done, UNITS, 'units filled in'))
  const starts = {
    'a new file': () => Contestant.startService(cores.under, join(folder, `start-up-${performance.now()}.db`)),
    'a million units': () => Contestant.startService(cores.under, filled),
    'Express echo': () => Contestant.startEcho(cores.under, 'Express'),
  }
  const measured: Record<string, Start[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts))
      measured[name] = [...(measured[name] ?? []), await startAndStop(start)]
    onProgress(round + 1, rounds, 'rounds of start-up')
  }
  const rows = Object.entries(measured).map(([name, starts]) => rowOf(name, starts))
  const filledMs = (measured['a million units'] ?? []).map(({ ms }) => ms)
  return {
    tables: [{ head: ['until it listens', 'median ms', 'least', 'most', 'CPU ms'], rows }],
    verdicts: [judge('start-up: on a million units', filledMs, { atMost: 1_000 }, ' ms')],
    notes: [],
    measured,
  }
}

export interface Start {
  /** Until it listened: by the clock, and computed. */
  readonly ms: number
  readonly cpuMs: number | null
}

/** A start, and the stop after it. */
export async function startAndStop(start: () => Promise<Contestant>): Promise<Start> {
  const contestant = await start()
  await contestant.stop()
  return { ms: contestant.startMs, cpuMs: contestant.startCpuMs }
}

function rowOf(name: string, starts: readonly Start[]): [string, ...number[]] {
  const times = starts.map(({ ms }) => ms)
  const cpuTimes = starts.flatMap(({ cpuMs }) => cpuMs ?? [])
  return [name, medianOf(times), Math.min(...times), Math.max(...times), medianOf(cpuTimes)]
}
