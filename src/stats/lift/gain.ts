// What a policy gained over equal shares, batch by batch: the units of each batch, had they been
// spread evenly over the arms that were active in it, would have earned this much less. It is an
// estimate, since those outcomes were not observed.

import { type Ledger, matureBatches } from '../ledger.ts'
import { clampTo, possibleLifts } from '../sequences/confidence-sequence.ts'
import { PerUnitContrast } from './per-unit-contrast.ts'
import { type PredictedBatch, Predictor } from './prediction.ts'

interface GainOptions {
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
  /**
   * The first snapshot whose gain is counted, once 100 units are known; null before, and while
   * shares are equal.
   */
  readonly from: number | null
  /** Over equal shares, since `from`; 0 while the shares have been equal. */
  readonly gained: number
  /** The confidence sequence of `gained`, valid at every look; null: unbounded. */
  readonly lower: number | null
  readonly upper: number | null
}

/** A share this near to equal is equal. */
const TOLERANCE = 1e-12

/**
 * The gain after each mature batch: the contrast `c_a = p_s(a) − 1/K_s` over the K_s arms active in
 * the batch, each unit alike (per-unit-contrast.ts; Hadad et al. 2021), clamped to the largest
 * difference that the number of units allows. Nearly equal shares do not predict how much a score
 * will vary, so the sequence is tuned around the variance of an outcome. Batches with equal shares
 * gain exactly nothing and leave the interval as it is.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function gainsOf(ledger: Ledger, { arms, range, alpha, plannedUnits }: GainOptions): Gain[] {
  const predictor = new Predictor(arms, range)
  const contrast = new PerUnitContrast()
  let [units, earned] = [0, 0]
  let unitVariance: number | null = null
  let wasEqual = true
  return matureBatches(ledger).map((batch): Gain => {
    const predicted = predictor.next(batch)
    const active = predicted.propensity.filter(share => share > 0).length
    const lead = (share: number) => (Math.abs(share - 1 / active) < TOLERANCE ? 0 : share - 1 / active)
    if (contrast.add(predicted, lead)) unitVariance ??= meanVariance(predicted)
    wasEqual &&= predicted.units === 0 || predicted.propensity.every(share => share === 0 || lead(share) === 0)
    units += predicted.units
    for (const { sum } of batch.tallies) earned += sum
    const known = { snapshot: batch.snapshot, units, earned }
    if (unitVariance === null) {
      const end = wasEqual ? 0 : null
      return { ...known, from: null, gained: 0, lower: end, upper: end }
    }
    const perUnit = clampTo(contrast.estimate({ alpha, plannedUnits, unitVariance }), possibleLifts(range))
    const times = (value: number | null) => (value === null ? null : value * perUnit.units)
    const [gained, lower, upper] = [times(perUnit.estimate) ?? 0, times(perUnit.lower), times(perUnit.upper)]
    return { ...known, from: perUnit.from, gained, lower, upper }
  })
}

/** The predicted variance of an outcome, over the active arms. */
function meanVariance({ propensity, scoreVariance }: PredictedBatch): number {
  let [sum, active] = [0, 0]
  propensity.forEach((share, arm) => {
    if (share === 0) return
    sum += share * (scoreVariance[arm] as number)
    active += 1
  })
  return sum / active
}
