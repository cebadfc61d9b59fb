// What a policy gained over equal shares, batch by batch: the units of each batch, had they been spread evenly over the arms that
// were active in it, would have earned so much less. Estimated, since nobody was there to see it.
import { estimateOf, tuneSequence } from './confidence-sequence.ts'
import { type Ledger, matureBatches } from './ledger.ts'
import { type PredictedBatch, Predictor } from './prediction.ts'
import { type BatchScore, ScoreSum } from './score-sum.ts'

export interface GainOptions {
  /** K, every arm that the experiment ever had. */
  readonly arms: number
  /** Outcomes lie in [lo, hi], in the metric's unit. */
  readonly range: readonly [lo: number, hi: number]
  /** In (0, 0.5]. */
  readonly alpha: number
  readonly plannedUnits: number
}

/** After a batch, all units so far: in sums of outcomes, not per unit. */
export interface Gain {
  readonly snapshot: number
  readonly units: number
  /** The sum of the outcomes that were seen. */
  readonly earned: number
  /** Over equal shares; 0 while the shares have been equal. */
  readonly gained: number
  /** The confidence sequence of `gained`, valid at every look; null: unbounded. */
  readonly lower: number | null
  readonly upper: number | null
}

/** A share this near to equal is equal. */
const TOLERANCE = 1e-12

/**
 * The gain after each mature batch: the contrast `c_a = p_s(a) − 1/K_s` over the K_s arms active in the batch, `h = 1`, so that each
 * unit counts alike (contrast.ts; Hadad et al. 2021). Batches with equal shares gain exactly nothing and leave the interval as it is.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function gainsOf(ledger: Ledger, { arms, range, alpha, plannedUnits }: GainOptions): Gain[] {
  const predictor = new Predictor(arms, range)
  const scores = new ScoreSum()
  let [units, earned] = [0, 0]
  return matureBatches(ledger).map((batch): Gain => {
    const predicted = predictor.next(batch)
    const score = scoreOf(predicted)
    if (score !== null) scores.add(score)
    units += predicted.units
    for (const { sum } of batch.tallies) earned += sum
    const { snapshot } = batch
    const total = scores.score()
    const { estimate, lower, upper } = estimateOf(total, tuneSequence(alpha, plannedUnits, total?.firstVariance))
    const scored = total?.units ?? 0
    if (estimate === null) return { snapshot, units, earned, gained: 0, lower: 0, upper: 0 }
    return {
      snapshot,
      units,
      earned,
      gained: estimate * scored,
      lower: times(lower, scored),
      upper: times(upper, scored),
    }
  })
}

/** Null where the batch has no units, or its shares are equal. */
function scoreOf({
  units,
  propensity,
  scoreVariance,
  mean,
  residual,
  residualSquare,
}: PredictedBatch): BatchScore | null {
  const active = [...propensity.keys()].filter(arm => (propensity[arm] as number) > 0)
  const sum = { variance: 0, mean: 0, residual: 0, residualSquare: 0 }
  for (const arm of active) {
    const coefficient = (propensity[arm] as number) - 1 / active.length
    if (Math.abs(coefficient) < TOLERANCE) continue
    sum.variance += coefficient ** 2 * (scoreVariance[arm] as number)
    sum.mean += coefficient * (mean[arm] as number)
    sum.residual += coefficient * (residual[arm] as number)
    sum.residualSquare += coefficient ** 2 * (residualSquare[arm] as number)
  }
  return units === 0 || sum.variance === 0 ? null : { h: 1, units, ...sum }
}

function times(end: number | null, units: number): number | null {
  return end === null ? null : end * units
}
