// The relative lift of an arm over the control, for metrics that cannot be negative: the ratio of
// the means minus 1, with the very scores and batches of the absolute lift. When rates move it
// assumes a common factor.
import type { Interval, Tuning } from '../sequences/confidence-sequence.ts'
import { ratioInterval } from '../sequences/ratio-interval.ts'
import type { PairedTotals } from './paired-scores.ts'

/** Beyond this ratio an upper end counts as unbounded. */
const LARGEST_RATIO = 1e6

/**
 * With `A = Σ h Ψ_arm`, `C = Σ h Ψ_control` and `h` of the absolute lift: `rawEstimate` is `A/C −
 * 1`, and the ends are those of the run of `1 + δ = u` around A/C where `(A − uC)² ≤ B(V(u))²`. All
 * null while `C ≤ 0`. `lower` is −1 where u = 0 still belongs, `upper` null beyond u = 10⁶. A score
 * is not bound to the metric's range, so A/C may be negative: `estimate` is A/C − 1 moved into
 * [lower, upper], and null while there is no upper end. Against 50 digits: worst error 4e-15
 * (tests/stats/lift/lift.test.ts).
 */
export function relativeLift({ arm, control, variances }: PairedTotals, tuning: Tuning): Interval {
  const level = 1 - tuning.alpha
  if (!(control > 0)) return { estimate: null, rawEstimate: null, lower: null, upper: null, level }
  const ratio = { numerator: arm, denominator: control, variances }
  const [from, to] = ratioInterval(ratio, tuning, [0, LARGEST_RATIO])
  const rawEstimate = arm / control - 1
  const lower = Math.max(0, from) - 1
  if (to === Infinity) return { estimate: null, rawEstimate, lower, upper: null, level }
  const upper = Math.max(0, to) - 1
  return { estimate: Math.min(upper, Math.max(lower, rawEstimate)), rawEstimate, lower, upper, level }
}
