// The scores of an arm and of the control, kept side by side with the weights of their difference:
// one pass gives the absolute lift and the relative one, so that both intervals exclude 0 together.

import type { Quadratic } from '../sequences/ratio-interval.ts'
import { type Score, squaresWithin } from '../sequences/score-sum.ts'
import type { PredictedBatch } from './prediction.ts'

/**
 * `A/C − u` as a martingale in u: `A = Σ h Ψ_arm`, `C = Σ h Ψ_control`, and the variances of `A −
 * uC`: the predicted one `Σ h² n (σ²_a/p_a + u² σ²_c/p_c)`, and the seen one `Σ h² E_u((A −
 * uC)/H)`.
 */
export interface PairedTotals {
  readonly arm: number
  readonly control: number
  readonly variances: readonly [Quadratic, Quadratic]
}

/** An arm's part in a batch: BatchScore of score-sum.ts without units and weight. */
interface Side {
  /** Per unit. */
  readonly variance: number
  readonly mean: number
  readonly residual: number
  readonly residualSquare: number
}

/**
 * A batch's scores of both. `variance`: v, by which the batch is weighed, `h = 1/√v`. `product`:
 * `Σ η_arm η_control` over the units.
 */
export interface PairOfScores {
  readonly units: number
  readonly variance: number
  readonly arm: Side
  readonly control: Side
  readonly product: number
}

/**
 * The contrast `e_arm − e_control` (contrast.ts), and with the very same `h` and batches each arm
 * by itself. The units' two scores merge like samples of pairs, as in score-sum.ts. Against 50
 * digits: worst error of θ̂, H and V 3e-15 (tests/stats/lift/paired-scores.test.ts).
 */
export class PairedScores {
  readonly #arm: number
  readonly #control: number
  #batches = 0
  #units = 0
  /** `Σ h² n σ²/p` of each. */
  #armVariance = 0
  #controlVariance = 0
  /** Both means and H, each unit weighing h. */
  #armMean = 0
  #controlMean = 0
  #weight = 0
  /** The same with the weight h², and the squares and products around them. */
  #armCentre = 0
  #controlCentre = 0
  #squareWeight = 0
  #armSquares = 0
  #controlSquares = 0
  #products = 0

  /** By their places in the order of the configuration. */
  constructor(arm: number, control: number) {
    this.#arm = arm
    this.#control = control
  }

  add(batch: PredictedBatch): void {
    const [arm, control] = [sideOf(batch, this.#arm), sideOf(batch, this.#control)]
    if (batch.units === 0 || arm === null || control === null) return
    // No unit has both arms, so within a batch the products are those of the means alone.
    this.addPair({ units: batch.units, variance: arm.variance + control.variance, arm, control, product: 0 })
  }

  /** A batch with units in which both were active. */
  addPair({ units: n, variance, arm, control, product }: PairOfScores): void {
    const [armVariance, controlVariance] = [arm.variance, control.variance]
    const [armResidual, controlResidual] = [arm.residual, control.residual]
    const armScore = arm.mean + armResidual / n
    const controlScore = control.mean + controlResidual / n

    this.#batches++
    this.#units += n
    const h = 1 / Math.sqrt(variance)
    this.#weight += h * n
    this.#armMean += ((h * n) / this.#weight) * (armScore - this.#armMean)
    this.#controlMean += ((h * n) / this.#weight) * (controlScore - this.#controlMean)

    const before = this.#squareWeight
    this.#squareWeight += n / variance
    const share = n / variance / this.#squareWeight
    const armGap = armScore - this.#armCentre
    const controlGap = controlScore - this.#controlCentre
    this.#armCentre += share * armGap
    this.#controlCentre += share * controlGap
    this.#armVariance += (n * armVariance) / variance
    this.#controlVariance += (n * controlVariance) / variance
    const armWithin = squaresWithin(n, armResidual, arm.residualSquare)
    const controlWithin = squaresWithin(n, controlResidual, control.residualSquare)
    this.#armSquares += armWithin / variance + before * share * armGap ** 2
    this.#controlSquares += controlWithin / variance + before * share * controlGap ** 2
    const within = (product - (armResidual * controlResidual) / n) / variance
    this.#products += before * share * (armGap * controlGap) + within
  }

  /** The arm's mean minus the control's; null while no batch could be used. */
  difference(): Score | null {
    if (this.#batches === 0) return null
    const [predicted, seen] = this.#variances()
    return {
      estimate: this.#armMean - this.#controlMean,
      weight: this.#weight,
      variance: Math.max(atOne(predicted), atOne(seen)),
      units: this.#units,
      batches: this.#batches,
    }
  }

  totals(): PairedTotals {
    const [arm, control] = [this.#weight * this.#armMean, this.#weight * this.#controlMean]
    return { arm, control, variances: this.#variances() }
  }

  #variances(): readonly [Quadratic, Quadratic] {
    const weight = this.#squareWeight
    const armGap = this.#armCentre - this.#armMean
    const controlGap = this.#controlCentre - this.#controlMean
    const seen = {
      constant: this.#armSquares + weight * armGap ** 2,
      linear: -2 * (this.#products + weight * armGap * controlGap),
      square: this.#controlSquares + weight * controlGap ** 2,
    }
    return [{ constant: this.#armVariance, linear: 0, square: this.#controlVariance }, seen]
  }
}

/** Null where the arm was not active. */
function sideOf(batch: PredictedBatch, arm: number): Side | null {
  if (!((batch.propensity[arm] ?? 0) > 0)) return null
  return {
    variance: batch.scoreVariance[arm] as number,
    mean: batch.mean[arm] as number,
    residual: batch.residual[arm] as number,
    residualSquare: batch.residualSquare[arm] as number,
  }
}

/** In this order, so that arm and control can change places without a trace. */
function atOne({ constant, linear, square }: Quadratic): number {
  return constant + square + linear
}
