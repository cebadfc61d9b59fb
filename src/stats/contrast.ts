// Contrasts θ = Σ c_a μ_a over a predicted ledger: an arm's mean, a lift, a policy's value. Each batch gives an
// augmented inverse-propensity score, weighed by its predictable standard deviation; what comes out feeds a confidence
// sequence. The cost is batches × arms with c_a ≠ 0, whatever the number of units.
import type { ArmColumns, PredictedLedger } from './prediction.ts'

/** `c_a` of an arm; arms without a term have 0. */
export interface Term {
  readonly arm: number
  readonly coefficient: number
}

/** A contrast scored over the batches that could be used. */
export interface Score {
  /** `θ̂ = Σ h Ψ / H`, in the metric's unit. */
  readonly estimate: number
  /** `H = Σ h n`: `H (θ̂ − θ)` is the martingale. */
  readonly weight: number
  /** `V = max(Σ h² n v, Σ h² E(θ̂))`, the martingale's variance: as predicted or as seen, the larger one. */
  readonly variance: number
  /** `τ = Σ n`, all units of the used batches; equal to `Σ h² n v` where h = 1/√v. */
  readonly units: number
  readonly batches: number
  /** `v` of the first used batch. */
  readonly firstVariance: number
}

/**
 * Scores a contrast with fixed coefficients, `h = 1/√v`. Batches without units, and those in which an arm with a term
 * was not active, are skipped; null when none is left (or no coefficient differs from 0). Hadad et al. 2021, PNAS 118;
 * Bibaut et al. 2021, "Post-contextual-bandit inference". Against an independent implementation in 50 digits: worst
 * error |x − y|/max(1, |y|) of θ̂, H and V 7e-16, with up to 4e8 units (tests/stats/contrast.test.ts).
 */
export function scoreContrast(predicted: PredictedLedger, terms: readonly Term[]): Score | null {
  const columns = terms
    .filter(({ coefficient }) => coefficient !== 0)
    .map(({ arm, coefficient }) => ({ coefficient, ...columnsOf(predicted, arm) }))
  if (columns.length === 0) return null
  const scores = new BatchScores(predicted.batchCount)
  for (let row = 0; row < predicted.batchCount; row++) {
    const units = predicted.units[row] as number
    if (units === 0 || !allActive(columns, row)) continue
    let variance = 0
    let mean = 0
    let residual = 0
    let residualSquare = 0
    for (const arm of columns) {
      variance += arm.coefficient ** 2 * (arm.scoreVariance[row] as number)
      mean += arm.coefficient * (arm.mean[row] as number)
      residual += arm.coefficient * (arm.residual[row] as number)
      residualSquare += arm.coefficient ** 2 * (arm.residualSquare[row] as number)
    }
    scores.add(1 / Math.sqrt(variance), units, variance, mean, residual, residualSquare)
  }
  return scores.summarize()
}

/**
 * Scores what the policy earned over giving every unit the control: per batch `c_a = p_s(a) − 1{a = control}`, `h = 1`,
 * so that each unit counts alike. Batches without units, without an active control, or with nothing else are skipped;
 * null when none is left.
 */
export function scorePolicy(predicted: PredictedLedger, control: number): Score | null {
  const controlColumns = columnsOf(predicted, control)
  const scores = new BatchScores(predicted.batchCount)
  for (let row = 0; row < predicted.batchCount; row++) {
    const units = predicted.units[row] as number
    if (units === 0 || controlColumns.propensity[row] === 0) continue
    let others = 0
    let variance = 0
    let mean = 0
    let residual = 0
    let residualSquare = 0
    for (const arm of predicted.arms) {
      const propensity = arm.propensity[row] as number
      if (propensity === 0) continue
      if (arm !== controlColumns) others++
      const coefficient = arm === controlColumns ? propensity - 1 : propensity
      variance += coefficient ** 2 * (arm.scoreVariance[row] as number)
      mean += coefficient * (arm.mean[row] as number)
      residual += coefficient * (arm.residual[row] as number)
      residualSquare += coefficient ** 2 * (arm.residualSquare[row] as number)
    }
    if (others > 0) scores.add(1, units, variance, mean, residual, residualSquare)
  }
  return scores.summarize()
}

function allActive(columns: readonly ArmColumns[], row: number): boolean {
  for (const arm of columns) if (arm.propensity[row] === 0) return false
  return true
}

export function columnsOf(predicted: PredictedLedger, arm: number): ArmColumns {
  const columns = predicted.arms[arm]
  if (columns === undefined) {
    throw new RangeError(`Cannot score arm ${arm}: the ledger has the arms 0 to ${predicted.arms.length - 1}`)
  }
  return columns
}

const FIELDS = 5

/**
 * The used batches' scores. `E(θ) = n (d − θ)² + 2 (d − θ) Σ c r + Σ c² k` is summed around θ̂ itself, in a second pass
 * over the batches: as a polynomial in θ it would lose as many digits as the mean is above the spread.
 */
class BatchScores {
  readonly #rows: Float64Array
  #length = 0
  #units = 0
  #weight = 0
  #total = 0
  #predictedVariance = 0
  #firstVariance = 0

  constructor(capacity: number) {
    this.#rows = new Float64Array(capacity * FIELDS)
  }

  add(h: number, units: number, variance: number, mean: number, residual: number, residualSquare: number): void {
    if (this.#length === 0) this.#firstVariance = variance
    const at = this.#length++ * FIELDS
    this.#rows[at] = h
    this.#rows[at + 1] = units
    this.#rows[at + 2] = mean
    this.#rows[at + 3] = residual
    this.#rows[at + 4] = residualSquare
    this.#units += units
    this.#weight += h * units
    this.#total += h * (units * mean + residual)
    this.#predictedVariance += h * h * units * variance
  }

  summarize(): Score | null {
    if (this.#length === 0) return null
    const estimate = this.#total / this.#weight
    return {
      estimate,
      weight: this.#weight,
      variance: Math.max(this.#predictedVariance, this.#seenVariance(estimate)),
      units: this.#units,
      batches: this.#length,
      firstVariance: this.#firstVariance,
    }
  }

  #seenVariance(estimate: number): number {
    const rows = this.#rows
    let seen = 0
    for (let at = 0; at < this.#length * FIELDS; at += FIELDS) {
      const h = rows[at] as number
      const units = rows[at + 1] as number
      const gap = (rows[at + 2] as number) - estimate
      seen += h * h * (units * gap * gap + 2 * gap * (rows[at + 3] as number) + (rows[at + 4] as number))
    }
    return seen
  }
}
