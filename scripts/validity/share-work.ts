// The cells' runs, dealt out to as many threads as there are cores. Which thread runs what changes
// nothing but the time.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { addCounts, type Counts, NO_COUNTS } from './run-cell.ts'

/** Runs `from` ≤ run < `end` of the cell at `place`. */
export interface Portion {
  readonly place: number
  readonly from: number
  readonly end: number
}

const RUNS_A_PORTION = 10

/** What there is to do. */
export interface Workload {
  /** Of each cell, by its place. */
  readonly runs: ReadonlyMap<number, number>
  readonly seed: number
  readonly onDone: (runs: number) => void
}

/**
 * The counts of each cell, by its place. `script`: the module whose worker takes portions, one
 * after another.
 */
export async function shareWork(script: URL, { runs, seed, onDone }: Workload): Promise<Map<number, Counts>> {
  const portions = [...runs].flatMap(([place, count]) => portionsOf(place, count))
  const counts = new Map<number, Counts>()
  let done = 0
  const work = async () => {
    const worker = new Worker(script, { workerData: { seed } })
    for (let portion = portions.shift(); portion !== undefined; portion = portions.shift()) {
      worker.postMessage(portion)
      const [more] = (await once(worker, 'message')) as [Counts]
      counts.set(portion.place, addCounts(counts.get(portion.place) ?? NO_COUNTS, more))
      done += more.runs
      onDone(done)
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), portions.length) }, work))
  return counts
}

function portionsOf(place: number, runs: number): Portion[] {
  return Array.from({ length: Math.ceil(runs / RUNS_A_PORTION) }, (_, portion) => ({
    place,
    from: portion * RUNS_A_PORTION,
    end: Math.min(runs, (portion + 1) * RUNS_A_PORTION),
  }))
}
