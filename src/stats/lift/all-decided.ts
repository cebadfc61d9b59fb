// Whether every arm has a verdict yet: what a policy may wait for. The same verdicts as in lift.ts,
// without what else a report shows.

import { type Ledger, matureBatches } from '../ledger.ts'
import { estimateOf, tuneSequence } from '../sequences/confidence-sequence.ts'
import { type EffectOptions, verdictOf } from './lift.ts'
import { PairedScores } from './paired-scores.ts'
import { Predictor } from './prediction.ts'

/**
 * Whether the absolute lift of each of these arms (by place, the control left aside) excludes 0;
 * false where no arm is left. 200 arms over 500 batches take 10 ms of one core.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function areAllDecided(
  ledger: Ledger,
  { arms, control, metric, alpha, plannedUnits }: EffectOptions,
  asked: readonly number[],
): boolean {
  const predictor = new Predictor(arms, metric.range)
  const pairs = asked.filter(arm => arm !== control).map(arm => new PairedScores(arm, control))
  for (const batch of matureBatches(ledger)) {
    const predicted = predictor.next(batch)
    for (const pair of pairs) pair.add(predicted)
  }
  const joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
  return (
    pairs.length > 0 &&
    pairs.every(pair => verdictOf(estimateOf(pair.difference(), joint), metric.goal) !== 'undecided')
  )
}
