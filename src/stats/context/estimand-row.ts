// Sums of a batch for an estimand beyond the arms' means and lifts: `θ = E[Σ_a c_a(x) Y(a)]` with
// weights that look at x. What the policy itself earned (`c_a = p(a | x) − 1{a = control}`), a
// policy's value (`c = π`), its lift over another one (`c = π − π′`). context.md D.1, C.5.
import { CompensatedSums } from '../numerics/compensated-sums.ts'
import type { Predictions } from './predictions.ts'
import type { ScoredUnit } from './score-row.ts'

export interface EstimandScore {
  /** `η = Σ_a c_a(x) m_a(x) + c_A(x)(y − m_A(x))/p(A) − μ` */
  readonly score: number
  /** `Σ_a c_a(x)² σ²_a/p(a)`, the predicted variance of the score. */
  readonly variance: number
  /** `ω = c_A(x)/p(A)` */
  readonly weight: number
}

/**
 * The score of a unit. `weights` and `propensities` by position of the arm; arms that are not
 * active have propensity 0, and no weight. `level`: μ, that of the control for a value, 0 for a
 * lift.
 */
export function estimandScore(
  predictions: Predictions,
  unit: ScoredUnit,
  { weights, propensities, level }: { weights: Float64Array; propensities: Float64Array; level: number },
): EstimandScore {
  let [score, variance] = [-level, 0]
  for (let arm = 0; arm < weights.length; arm++) {
    const weight = weights[arm] as number
    const propensity = propensities[arm] as number
    if (propensity === 0) continue
    score += weight * predictions.at(arm, unit.x)
    variance += (weight * weight * predictions.variance(arm)) / propensity
  }
  const weight = (weights[unit.arm] as number) / unit.propensity
  return { score: score + weight * (unit.outcome - predictions.at(unit.arm, unit.x)), variance, weight }
}

/** A row as numbers. */
export interface EstimandValues {
  readonly units: number
  /** `F = Σ η`, `G = Σ η²`, `U = Σ Σ_a c_a² σ²_a/p(a)` */
  readonly score: number
  readonly square: number
  readonly variance: number
  /** `w₁ = Σ ω`, `w₂ = Σ ω²`: `w₁²/w₂` is the effective sample size. */
  readonly weight: number
  readonly weightSquare: number
}

const SUMS = 5

export class EstimandRow {
  readonly #sums: CompensatedSums
  #units: number

  /** Empty, or as `stored()` gave it: 11 numbers. */
  constructor(stored?: Float64Array) {
    this.#sums = new CompensatedSums(SUMS, stored?.subarray(0, 2 * SUMS))
    this.#units = stored?.[2 * SUMS] ?? 0
  }

  add({ score, variance, weight }: EstimandScore): void {
    this.#units++
    const values = [score, score * score, variance, weight, weight * weight]
    values.forEach((value, place) => {
      this.#sums.add(place, value)
    })
  }

  /** A unit whose outcome a reward has changed: its score before and after. */
  move(before: number, after: number): void {
    this.#sums.add(0, -before)
    this.#sums.add(0, after)
    this.#sums.add(1, -(before * before))
    this.#sums.add(1, after * after)
  }

  addAll(other: EstimandRow): void {
    this.#sums.addAll(other.#sums)
    this.#units += other.#units
  }

  values(): EstimandValues {
    const [score = 0, square = 0, variance = 0, weight = 0, weightSquare = 0] = this.#sums.values()
    return { units: this.#units, score, square, variance, weight, weightSquare }
  }

  stored(): Float64Array {
    return Float64Array.from([...this.#sums.stored(), this.#units])
  }
}
