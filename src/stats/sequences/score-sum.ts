// The running sum of a contrast's scores, batch by batch: what a confidence sequence needs of them,
// at any moment, at a constant cost.

/** A contrast scored over the batches that could be used. */
export interface Score {
  /** `θ̂ = Σ h Ψ / H`, in the metric's unit. */
  readonly estimate: number
  /** `H = Σ h n`: `H (θ̂ − θ)` is the martingale. */
  readonly weight: number
  /**
   * `V = max(Σ h² n v, Σ h² E(θ̂))`, the martingale's variance: as predicted or as seen, the larger
   * one.
   */
  readonly variance: number
  /** `τ = Σ n`, all units of the used batches; equal to `Σ h² n v` where h = 1/√v. */
  readonly units: number
  readonly batches: number
}

/**
 * One batch's share: `d = Σ c m`, `R = Σ c r`, `K = Σ c² k` over its arms, `v = Σ c² σ²/p`, and its
 * weight `h`. Where units have propensities of their own (context/batch-scores.ts): `d = μ`, `R =
 * F`, `K = G`, `v = P/n`.
 */
export interface BatchScore {
  readonly h: number
  readonly units: number
  readonly variance: number
  readonly mean: number
  readonly residual: number
  readonly residualSquare: number
}

/**
 * `E(θ) = n (d − θ)² + 2 (d − θ) R + K` is the sum of `(ψ − θ)²` over the batch's units, whose
 * scores ψ have the mean `d + R/n` and the squares `K − R²/n` around it. So the batches merge like
 * samples (Chan, Golub & LeVeque 1983, Amer. Statist. 37), around a mean that moves along: as a
 * polynomial in θ the sum would lose as many digits as the mean is above the spread.
 */
export class ScoreSum {
  #batches = 0
  #units = 0
  #predictedVariance = 0
  /** θ̂ and H: the units' mean, each unit weighing h. */
  #estimate = 0
  #weight = 0
  /** The same with the weight h², and the squares around it: `Σ h² E(θ)` is least there. */
  #centre = 0
  #squareWeight = 0
  #squares = 0

  add({ h, units, variance, mean, residual, residualSquare }: BatchScore): void {
    this.#batches++
    this.#units += units
    const score = mean + residual / units
    this.#weight += h * units
    this.#estimate += ((h * units) / this.#weight) * (score - this.#estimate)

    const squareWeight = h * h * units
    this.#predictedVariance += squareWeight * variance
    const gap = score - this.#centre
    const before = this.#squareWeight
    this.#squareWeight += squareWeight
    const share = squareWeight / this.#squareWeight
    this.#centre += share * gap
    this.#squares += h * h * squaresWithin(units, residual, residualSquare) + before * share * gap * gap
  }

  /** null while there is no batch. */
  score(): Score | null {
    if (this.#batches === 0) return null
    const seen = this.#squares + this.#squareWeight * (this.#centre - this.#estimate) ** 2
    return {
      estimate: this.#estimate,
      weight: this.#weight,
      variance: Math.max(this.#predictedVariance, seen),
      units: this.#units,
      batches: this.#batches,
    }
  }
}

/** `K − R²/n`, never below 0: the squares of a batch's scores around their own mean. */
export function squaresWithin(units: number, residual: number, residualSquare: number): number {
  return Math.max(0, residualSquare - (residual * residual) / units)
}
