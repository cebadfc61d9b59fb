// Whether every arm has a verdict yet: what a policy may wait for. The same verdicts as in lift.ts,
// without what else a report shows.

import { type Batch, type Ledger, matureBatches } from '../ledger.ts'
import { estimateOf, tuneSequence } from '../sequences/confidence-sequence.ts'
import { type EffectOptions, verdictOf } from './lift.ts'
import { PairedScores } from './paired-scores.ts'
import { Predictor } from './prediction.ts'

/**
 * Whether every arm has a verdict, fed batch by batch and read at the end. 200 arms over 500
 * batches take 10 ms of one core.
 *
 * @throws RangeError when the options are out of range, and from `add` when units were counted for
 * an inactive arm.
 */
export class RunningDecision {
  readonly #options: EffectOptions
  readonly #predictor: Predictor
  readonly #pairs: readonly PairedScores[]

  constructor(options: EffectOptions, asked: readonly number[]) {
    const { arms, control, metric } = options
    this.#options = options
    this.#predictor = new Predictor(arms, metric.range)
    this.#pairs = asked.filter(arm => arm !== control).map(arm => new PairedScores(arm, control))
  }

  /** Batches are added in order, and mature. */
  add(batch: Batch): void {
    const predicted = this.#predictor.next(batch)
    for (const pair of this.#pairs) pair.add(predicted)
  }

  areAllDecided(): boolean {
    const { arms, metric, alpha, plannedUnits } = this.#options
    const joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
    return (
      this.#pairs.length > 0 &&
      this.#pairs.every(pair => verdictOf(estimateOf(pair.difference(), joint), metric.goal) !== 'undecided')
    )
  }
}

/**
 * Whether the absolute lift of each of these arms (by place, the control left aside) excludes 0;
 * false where no arm is left.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function areAllDecided(ledger: Ledger, options: EffectOptions, asked: readonly number[]): boolean {
  const running = new RunningDecision(options, asked)
  for (const batch of matureBatches(ledger)) running.add(batch)
  return running.areAllDecided()
}
