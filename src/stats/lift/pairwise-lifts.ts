// Compares each of a set of arms with each other one, which is needed before one of several arms
// that beat the control is called the best of them.

import type { Goal } from '../goal.ts'
import { type Ledger, matureBatches } from '../ledger.ts'
import { type Estimate, type Evidence, type Possible, tuneSequence } from '../sequences/confidence-sequence.ts'
import { absoluteLift, type Verdict } from './lift.ts'
import { PairedScores } from './paired-scores.ts'
import { Predictor } from './prediction.ts'

interface PairwiseOptions {
  /** Every arm that the experiment ever had. */
  readonly arms: number
  readonly metric: { readonly range: Possible; readonly goal: Goal }
  /** In (0, 0.5], for all pairs together. */
  readonly alpha: number
  readonly plannedUnits: number
}

/**
 * Mean of `arm` minus mean of `over`, in the metric's unit; `verdict`: whether that makes `arm`
 * better or worse.
 */
interface PairwiseLift extends Estimate, Evidence {
  readonly arm: number
  readonly over: number
  readonly verdict: Verdict
}

/**
 * The absolute lift of every ordered pair of `among` (places in the order of the configuration),
 * over the mature batches in which both were active. m arms make m(m − 1)/2 sequences, each at
 * alpha divided by their number: b over a is a over b, turned round. They hold jointly for arms
 * that were named beforehand. Scores as for the lift over a control (paired-scores.ts). Empty for
 * fewer than two arms.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function pairwiseLifts(
  ledger: Ledger,
  options: PairwiseOptions,
  among: readonly number[],
  of: readonly number[] = among,
): PairwiseLift[] {
  const { arms, metric, alpha, plannedUnits } = options
  const pairs = of.flatMap(arm => among.filter(over => over !== arm).map(over => ({ arm, over })))
  if (pairs.length === 0) return []
  const tuning = tuneSequence(alpha / ((among.length * (among.length - 1)) / 2), plannedUnits)
  const predictor = new Predictor(arms, metric.range)
  const scored = pairs.map(pair => ({ ...pair, scores: new PairedScores(pair.arm, pair.over) }))
  for (const batch of matureBatches(ledger)) {
    const predicted = predictor.next(batch)
    for (const { scores } of scored) scores.add(predicted)
  }
  return scored.map(({ arm, over, scores }) => ({ arm, over, ...absoluteLift(scores, metric, tuning) }))
}
