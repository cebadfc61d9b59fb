// Simulates a design: many runs, each with its own stream of chance from the design's seed.
import { seededChance } from '../stats/numerics/chance.ts'
import type { SimulationDesign } from './design.ts'
import { simulateRun } from './run.ts'
import { type RunRecord, RunRecorder } from './run-record.ts'
import { type SimulationResult, summarizeRuns } from './summary.ts'

/** `progress`: 0–1, of the work. `runs`: how many are done. */
export interface SimulationProgress {
  readonly progress: number
  readonly runs: number
}

/** All runs at once. The same design gives the same result, to the last digit. */
export function simulate(
  design: SimulationDesign,
  { onProgress }: { onProgress?: (progress: SimulationProgress) => void } = {},
): SimulationResult {
  const steps = simulateInSteps(design)
  while (true) {
    const step = steps.next()
    if (step.done) return step.value
    onProgress?.(step.value)
  }
}

/** The same in steps of one look, so that other work can be done in between. */
export function* simulateInSteps(design: SimulationDesign): Generator<SimulationProgress, SimulationResult, void> {
  const records: RunRecord[] = []
  for (let run = 0; run < design.runs; run++) {
    const recorder = new RunRecorder(design)
    for (const look of simulateRun(design, seededChance(design.seed, run))) {
      recorder.add(look)
      // Looks are evenly spaced in the logarithm of the units.
      const share = Math.log1p(look.units) / Math.log1p(design.units)
      yield { progress: (run + share) / design.runs, runs: run }
    }
    records.push(recorder.record())
  }
  return summarizeRuns(design, records)
}
