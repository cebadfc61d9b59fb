// The relative lift of an arm over the control, for metrics that cannot be negative: the ratio of the means minus 1,
// with the very scores and batches of the absolute lift, so that both intervals exclude 0 together. When rates move it
// assumes a common factor.
import type { Interval, Tuning } from './confidence-sequence.ts'
import { columnsOf } from './contrast.ts'
import type { ArmColumns, PredictedLedger } from './prediction.ts'
import { type Quadratic, ratioInterval } from './ratio-interval.ts'

/** Beyond this ratio an upper end counts as unbounded. */
const LARGEST_RATIO = 1e6

/**
 * With `A = Σ h Ψ_arm`, `C = Σ h Ψ_control` and `h` of the absolute lift: the estimate `A/C − 1`, and the run of
 * `1 + δ = u` around A/C where `(A − uC)² ≤ B(V(u))²`. All null while `C ≤ 0`. `lower` is −1 where u = 0 still belongs,
 * `upper` null beyond u = 10⁶. The estimate itself may lie below −1: a score is not bound to the metric's range.
 * Against 50 digits: worst error 5e-15 (tests/stats/lift.test.ts).
 */
export function relativeLift(predicted: PredictedLedger, arm: number, control: number, tuning: Tuning): Interval {
  const level = 1 - tuning.alpha
  const pair = pairedScores(predicted, columnsOf(predicted, arm), columnsOf(predicted, control))
  const { armTotal: numerator, controlTotal: denominator } = pair
  if (!(denominator > 0)) return { estimate: null, lower: null, upper: null, level }
  const [from, to] = ratioInterval({ numerator, denominator, variances: pair.variances }, tuning, [0, LARGEST_RATIO])
  return {
    estimate: numerator / denominator - 1,
    lower: Math.max(0, from) - 1,
    upper: to === Infinity ? null : Math.max(0, to) - 1,
    level,
  }
}

interface PairedScores {
  readonly armTotal: number
  readonly controlTotal: number
  /** In u: the predicted variance `Σ h² n (σ²_a/p_a + u² σ²_c/p_c)`, and the seen one `Σ h² E_u((A − uC)/H)`. */
  readonly variances: readonly [Quadratic, Quadratic]
}

function pairedScores({ batchCount, units }: PredictedLedger, arm: ArmColumns, control: ArmColumns): PairedScores {
  const isUsed = (row: number) => units[row] !== 0 && arm.propensity[row] !== 0 && control.propensity[row] !== 0
  let weight = 0
  let armTotal = 0
  let controlTotal = 0
  const predicted = { constant: 0, linear: 0, square: 0 }
  for (let row = 0; row < batchCount; row++) {
    if (!isUsed(row)) continue
    const n = units[row] as number
    const variance = (arm.scoreVariance[row] as number) + (control.scoreVariance[row] as number)
    const h = 1 / Math.sqrt(variance)
    weight += h * n
    armTotal += h * (n * (arm.mean[row] as number) + (arm.residual[row] as number))
    controlTotal += h * (n * (control.mean[row] as number) + (control.residual[row] as number))
    predicted.constant += (n * (arm.scoreVariance[row] as number)) / variance
    predicted.square += (n * (control.scoreVariance[row] as number)) / variance
  }
  // E_u is a square in u of what one arm's scores are off, minus u times the other's: its three coefficients, summed
  // around the totals just found.
  const seen = { constant: 0, linear: 0, square: 0 }
  for (let row = 0; row < batchCount; row++) {
    if (!isUsed(row)) continue
    const n = units[row] as number
    const hSquared = 1 / ((arm.scoreVariance[row] as number) + (control.scoreVariance[row] as number))
    const armGap = (arm.mean[row] as number) - armTotal / weight
    const controlGap = (control.mean[row] as number) - controlTotal / weight
    const armResidual = arm.residual[row] as number
    const controlResidual = control.residual[row] as number
    seen.constant += hSquared * (armGap * (n * armGap + 2 * armResidual) + (arm.residualSquare[row] as number))
    seen.linear -= 2 * hSquared * (n * armGap * controlGap + armGap * controlResidual + controlGap * armResidual)
    seen.square +=
      hSquared * (controlGap * (n * controlGap + 2 * controlResidual) + (control.residualSquare[row] as number))
  }
  return { armTotal, controlTotal, variances: [predicted, seen] }
}
