// Contrasts θ = Σ c_a μ_a with fixed coefficients: an arm's mean, a target policy's value. Each
// batch gives an augmented inverse-propensity score, weighed by its predictable standard deviation;
// the scores feed a confidence sequence. It takes one batch at a time and can be read after each.
// The difference of two arms is in paired-scores.ts, what the policy itself earned in
// per-unit-contrast.ts.

import { type Score, ScoreSum } from '../sequences/score-sum.ts'
import type { PredictedBatch } from './prediction.ts'

/** `c_a` of an arm; arms without a term have 0. */
export interface Term {
  readonly arm: number
  readonly coefficient: number
}

/**
 * Each batch weighs `h = 1/√v`. Batches without units, and those in which an arm with a term was
 * not active, are skipped. Hadad et al. 2021, PNAS 118; Bibaut et al. 2021, "Post-contextual-bandit
 * inference". Against an independent implementation in 50 digits: worst error |x − y|/max(1, |y|)
 * of θ̂, H and V 6e-16, with up to 4e8 units (tests/stats/lift/contrast.test.ts).
 */
export class Contrast {
  readonly #terms: readonly Term[]
  readonly #sum = new ScoreSum()

  constructor(terms: readonly Term[]) {
    this.#terms = terms.filter(({ coefficient }) => coefficient !== 0)
  }

  /** @throws RangeError for a term of an arm that the batch does not have */
  add(batch: PredictedBatch): void {
    if (batch.units === 0 || this.#terms.length === 0) return
    let [variance, mean, residual, residualSquare] = [0, 0, 0, 0]
    for (const { arm, coefficient } of this.#terms) {
      const propensity = batch.propensity[arm]
      if (propensity === undefined) throw new RangeError(`Cannot score arm ${arm}: there are ${batch.mean.length} arms`)
      if (propensity === 0) return
      variance += coefficient ** 2 * (batch.scoreVariance[arm] as number)
      mean += coefficient * (batch.mean[arm] as number)
      residual += coefficient * (batch.residual[arm] as number)
      residualSquare += coefficient ** 2 * (batch.residualSquare[arm] as number)
    }
    this.#sum.add({ h: 1 / Math.sqrt(variance), units: batch.units, variance, mean, residual, residualSquare })
  }

  /** null while no batch could be used (or no coefficient differs from 0). */
  score(): Score | null {
    return this.#sum.score()
  }
}
