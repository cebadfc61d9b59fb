// How wide the policy lift's interval is over that of somebody who could tune it afterwards: a
// single normal mixture over the same scores that is tightest at the very variance they have
// reached.
import type { SimulationDesign } from '../../src/simulation/design.ts'
import type { Look } from '../../src/simulation/run.ts'
import { Predictor } from '../../src/stats/lift/prediction.ts'
import { bound, tuneSequence } from '../../src/stats/sequences/confidence-sequence.ts'
import { ScoreSum } from '../../src/stats/sequences/score-sum.ts'
import type { Tally } from '../../src/stats/tally.ts'

/** Widths over the one that was tuned in hindsight. */
export interface WidthRatios {
  readonly shown: number
  /**
   * The control, to be much too wide: over all units from the first on, tuned to the variance that
   * was predicted before it came.
   */
  readonly tunedToRange: number
}

const KNOWN_UNITS = 100

/** At a look; infinite where there is no interval yet. */
export function widthRatios({ policyLift, batches }: Look, design: SimulationDesign): WidthRatios {
  const { metric, control, means } = design
  const { alpha, plannedUnits } = design.definition
  const predictor = new Predictor(means.length, metric.range)
  const [all, since] = [new ScoreSum(), new ScoreSum()]
  let firstVariance: number | null = null
  for (const batch of batches) {
    const predicted = predictor.next(batch)
    const { units, unitsBefore, propensity } = predicted
    if (units === 0 || propensity[control] === 0) continue
    let [variance, mean, residual, residualSquare] = [0, 0, 0, 0]
    for (const [arm, share] of propensity.entries()) {
      if (share === 0) continue
      const coefficient = arm === control ? share - 1 : share
      variance += coefficient ** 2 * (predicted.scoreVariance[arm] as number)
      mean += coefficient * (predicted.mean[arm] as number)
      residual += coefficient * (predicted.residual[arm] as number)
      residualSquare += coefficient ** 2 * (predicted.residualSquare[arm] as number)
    }
    if (variance === 0) continue
    firstVariance ??= variance
    const score = { h: 1, units, variance, mean, residual, residualSquare }
    all.add(score)
    if (unitsBefore >= KNOWN_UNITS) since.add(score)
  }
  const [whole, counted] = [all.score(), since.score()]
  const { lower, upper } = policyLift
  if (whole === null || counted === null || firstVariance === null || lower === null || upper === null) {
    return { shown: Infinity, tunedToRange: Infinity }
  }
  const hindsight = bound(counted.variance, tuneSequence(alpha, counted.variance)) / counted.units
  const toRange = bound(whole.variance, tuneSequence(alpha, plannedUnits, firstVariance)) / whole.units
  return { shown: (upper - lower) / 2 / hindsight, tunedToRange: toRange / hindsight }
}

/**
 * The interval's width over that of somebody who knew the arms' variances from the first unit on,
 * and so had no need to learn them. `tallies`: of all units that were counted.
 */
export function widthOverKnownVariances({ policyLift, batches, tallies }: Look, design: SimulationDesign): number {
  const { alpha, plannedUnits } = design.definition
  const variances = tallies.map(plainVariance)
  let [units, variance] = [0, 0]
  for (const { propensities, tallies: own } of batches) {
    if ((propensities[design.control] ?? 0) === 0) continue
    const count = own.reduce((sum, tally) => sum + tally.units, 0)
    units += count
    for (const [arm, propensity] of propensities.entries()) {
      if (propensity === null) continue
      const coefficient = arm === design.control ? propensity - 1 : propensity
      variance += (count * coefficient ** 2 * (variances[arm] ?? 0)) / propensity
    }
  }
  if (variance === 0 || policyLift.lower === null || policyLift.upper === null) return Infinity
  const reach = bound(variance, tuneSequence(alpha, plannedUnits, variance / units)) / units
  return (policyLift.upper - policyLift.lower) / 2 / reach
}

function plainVariance({ units, sum, sumOfSquares }: Tally): number {
  return units === 0 ? 0 : Math.max(0, sumOfSquares / units - (sum / units) ** 2)
}
