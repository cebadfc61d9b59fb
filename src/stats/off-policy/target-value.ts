// What fixed target weights would have earned on an experiment, from its ledger.

import { type Ledger, matureBatches } from '../ledger.ts'
import { Contrast } from '../lift/contrast.ts'
import { Predictor } from '../lift/prediction.ts'
import { clampTo, type Estimate, estimateOf, type Possible, tuneSequence } from '../sequences/confidence-sequence.ts'

export interface TargetOptions {
  /** w, a weight for each arm: ≥ 0, summing to 1. */
  readonly target: readonly number[]
  /** Rewards lie in [lo, hi]. */
  readonly range: Possible
  /** In (0, 0.5]; each estimate holds at level 1 − alpha by itself. */
  readonly alpha: number
  readonly plannedUnits: number
}

/**
 * The mean outcome if every unit were assigned by the target weights: the contrast `c = w`
 * (contrast.ts), over the batches in which every arm with weight was active, clamped to the range.
 *
 * @throws RangeError for weights that are none, or units counted for an inactive arm.
 */
export function estimateTargetValue(ledger: Ledger, { target, range, alpha, plannedUnits }: TargetOptions): Estimate {
  checkTarget(target)
  const predictor = new Predictor(target.length, range)
  const value = new Contrast(target.map((coefficient, arm) => ({ arm, coefficient })))
  for (const batch of matureBatches(ledger)) value.add(predictor.next(batch))
  return clampTo(estimateOf(value.score(), tuneSequence(alpha, plannedUnits)), range)
}

/** @throws RangeError for weights that are none. */
export function checkTarget(target: readonly number[]): void {
  const total = target.reduce((sum, weight) => sum + weight, 0)
  if (target.every(weight => weight >= 0) && Math.abs(total - 1) <= 1e-9) return
  throw new RangeError(`Cannot value the weights [${target.join(', ')}]: each must be 0 or more, and their sum 1`)
}
