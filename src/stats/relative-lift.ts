// The relative lift of an arm over the control, for metrics that cannot be negative: the ratio of the means minus 1,
// with the very scores and batches of the absolute lift. When rates move it assumes a common factor.
import type { Interval, Tuning } from './confidence-sequence.ts'
import type { PairedTotals } from './paired-scores.ts'
import { ratioInterval } from './ratio-interval.ts'

/** Beyond this ratio an upper end counts as unbounded. */
const LARGEST_RATIO = 1e6

/**
 * With `A = Σ h Ψ_arm`, `C = Σ h Ψ_control` and `h` of the absolute lift: the estimate `A/C − 1`, and the run of
 * `1 + δ = u` around A/C where `(A − uC)² ≤ B(V(u))²`. All null while `C ≤ 0`. `lower` is −1 where u = 0 still belongs,
 * `upper` null beyond u = 10⁶. The estimate itself may lie below −1: a score is not bound to the metric's range.
 * Against 50 digits: worst error 4e-15 (tests/stats/lift.test.ts).
 */
export function relativeLift({ arm, control, variances }: PairedTotals, tuning: Tuning): Interval {
  const level = 1 - tuning.alpha
  if (!(control > 0)) return { estimate: null, lower: null, upper: null, level }
  const ratio = { numerator: arm, denominator: control, variances }
  const [from, to] = ratioInterval(ratio, tuning, [0, LARGEST_RATIO])
  return {
    estimate: arm / control - 1,
    lower: Math.max(0, from) - 1,
    upper: to === Infinity ? null : Math.max(0, to) - 1,
    level,
  }
}
