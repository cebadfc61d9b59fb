// Contrasts that count every unit alike (`h = 1`), with coefficients that follow the propensities:
// the gain of the policy itself. Their scores are not standardised, so their sequence is a mixture
// over the variance that a unit may have (mixture-sequence.ts). The first batches are predicted by
// the metric's range alone, which can be far wider than the data are: they would widen the interval
// for good, so the sums begin once 100 units are known.
import { type Estimate, type Evidence, estimateAround, evidenceOf } from '../sequences/confidence-sequence.ts'
import { mixtureEstimateOf, tuneMixture } from '../sequences/mixture-sequence.ts'
import { type BatchScore, ScoreSum } from '../sequences/score-sum.ts'
import type { PredictedBatch } from './prediction.ts'

/**
 * `from`: the snapshot of the first batch that counts; the estimate is one over the units since.
 * Null without any.
 */
export interface PerUnitEstimate extends Estimate, Evidence {
  readonly from: number | null
}

interface PerUnitOptions {
  /** In (0, 0.5]. */
  readonly alpha: number
  readonly plannedUnits: number
  /**
   * What the sequence is tuned around: a unit's score has about this variance. By default `v` of
   * the first batch.
   */
  readonly unitVariance?: number
}

/** `unitsBefore`: in all earlier mature batches, over all arms. */
interface ScoredUnits extends Omit<BatchScore, 'h'> {
  readonly snapshot: number
  readonly unitsBefore: number
}

/** With this many units in earlier mature batches, the data predict better than the range does. */
const KNOWN_UNITS = 100

/**
 * The variance may be 16 times the one predicted for the first batch, or fall to a 4096th of it.
 */
const EXPONENTS = [-1, 0, 1, 2, 3]

/** Sums over all used batches from the first on that has {@link KNOWN_UNITS} units before it. */
export class PerUnitContrast {
  readonly #sum = new ScoreSum()
  #first: { readonly snapshot: number; readonly variance: number } | null = null

  /** `coefficientOf` an arm that was active, by its propensity. True if the batch counts. */
  add(batch: PredictedBatch, coefficientOf: (propensity: number, arm: number) => number): boolean {
    if (batch.units === 0 || batch.unitsBefore < KNOWN_UNITS) return false
    const { propensity } = batch
    let [variance, mean, residual, residualSquare] = [0, 0, 0, 0]
    for (let arm = 0; arm < propensity.length; arm++) {
      const share = propensity[arm] as number
      if (share === 0) continue
      const coefficient = coefficientOf(share, arm)
      variance += coefficient ** 2 * (batch.scoreVariance[arm] as number)
      mean += coefficient * (batch.mean[arm] as number)
      residual += coefficient * (batch.residual[arm] as number)
      residualSquare += coefficient ** 2 * (batch.residualSquare[arm] as number)
    }
    return this.addScore({ ...batch, variance, mean, residual, residualSquare }, variance)
  }

  /**
   * A batch's score, whose units are predicted to vary by `predictedVariance`. Says whether it
   * counts.
   */
  addScore(batch: ScoredUnits, predictedVariance: number): boolean {
    const { snapshot, unitsBefore, units, variance, mean, residual, residualSquare } = batch
    if (units === 0 || unitsBefore < KNOWN_UNITS || variance === 0) return false
    this.#first ??= { snapshot, variance: predictedVariance }
    this.#sum.add({ h: 1, units, variance, mean, residual, residualSquare })
    return true
  }

  /** Unclamped, and the evidence against no effect. */
  estimate({ alpha, plannedUnits, unitVariance }: PerUnitOptions): PerUnitEstimate {
    const score = this.#sum.score()
    if (score === null || this.#first === null)
      return { ...estimateAround(null, alpha, 0), ...evidenceOf(0), from: null }
    const spread = { unitVariance: unitVariance ?? this.#first.variance, exponents: EXPONENTS }
    return { ...mixtureEstimateOf(score, tuneMixture(alpha, plannedUnits, spread)), from: this.#first.snapshot }
  }
}
