// How many units it usually takes until a confidence sequence is informative: until its interval is
// narrower than the metric's range.
import { bound, tuneSequence } from './confidence-sequence.ts'

interface SufficientUnitsOptions {
  /** Level of the interval, in (0, 0.5]. */
  readonly alpha: number
  readonly plannedUnits: number
  /**
   * In (0, 1]: the propensities of the arms that the contrast compares, one for a mean, two for a
   * lift.
   */
  readonly propensities: readonly number[]
  /** How wide half of the interval may be at most, as a share of the metric's range. */
  readonly halfWidth: number
}

/**
 * The least n, over all arms, at which `B(n)/n · √(Σ 1/(4 p))` ≤ `halfWidth`: the half-width of a
 * contrast with coefficients ±1 in units of the range, `θ̂ ± B(V)/H` with `V = n` and `H = n/√v`,
 * where v is the prediction without data, a quarter of the squared range over p. Outcomes that vary
 * less, and predictions from a hundred units on, make the interval narrower; so this many usually
 * suffice (tests/stats/sequences/sufficient-units.test.ts: in at least 95 % of simulated
 * experiments).
 *
 * @throws RangeError when an option is out of its range.
 */
export function sufficientUnits({ alpha, plannedUnits, propensities, halfWidth }: SufficientUnitsOptions): number {
  const variance = propensities.reduce((sum, propensity) => sum + 1 / (4 * propensity), 0)
  if (!(variance > 0 && Number.isFinite(variance) && halfWidth > 0)) {
    throw new RangeError(`Cannot compute how many units suffice for the propensities ${propensities.join(', ')}`)
  }
  const tuning = tuneSequence(alpha, plannedUnits)
  const suffices = (units: number) => (bound(units, tuning) / units) * Math.sqrt(variance) <= halfWidth
  let [tooFew, enough] = [0, 1]
  while (!suffices(enough)) [tooFew, enough] = [enough, 2 * enough]
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (suffices(middle)) enough = middle
    else tooFew = middle
  }
  return enough
}
