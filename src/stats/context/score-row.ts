// What the units of a batch add up to when each has propensities of its own: a row of sums for each
// metric. Scores are doubly robust: their expectation is the estimand whatever the policy did and
// whatever was predicted (Robins, Rotnitzky & Zhao 1994; Dudík, Langford & Li 2011; Bibaut et al.
// 2021, "Post-contextual-bandit inference"). context.md D.1.
import { CompensatedSums } from '../numerics/compensated-sums.ts'
import type { Predictions } from './predictions.ts'

/** What is known of a unit: all of it is kept with its assignment, but for the outcome. */
export interface ScoredUnit {
  readonly x: Float64Array
  /** A */
  readonly arm: number
  /** `p(A | x)`, the very number that its draw was compared with. */
  readonly propensity: number
  /** y, within the metric's range; at the assignment that of a unit without rewards. */
  readonly outcome: number
}

/** The sums of a row as numbers, by position of the arm; 0 where it was not active. */
export interface RowValues {
  /** All units of the batch. */
  readonly units: number
  /** `n_a`, the arm's own units. */
  readonly armUnits: Float64Array
  /** `F_a = Σ η_a`, in the metric's unit. */
  readonly scores: Float64Array
  /** `G_a = Σ η_a²` */
  readonly squares: Float64Array
  /** `X_a = Σ η_a η_c`; 0 for the control c itself. */
  readonly products: Float64Array
  /** `U_a = Σ 1/p(a)`, over all units of the batch. */
  readonly inverses: Float64Array
  /** `P_a = Σ p(a)` */
  readonly propensities: Float64Array
  /** `PP_a = Σ p(a)²` */
  readonly propensitySquares: Float64Array
}

/**
 * Writes `η_a = m_a(x) − μ_a + 1{a = A}(y − m_A(x))/p(A)` of every arm to `scores`; 0 for an arm
 * that is not active.
 */
export function scoreUnit(predictions: Predictions, unit: ScoredUnit, scores: Float64Array): void {
  for (let arm = 0; arm < scores.length; arm++) {
    if (!predictions.isActive(arm)) {
      scores[arm] = 0
      continue
    }
    const predicted = predictions.at(arm, unit.x)
    const residual = arm === unit.arm ? (unit.outcome - predicted) / unit.propensity : 0
    scores[arm] = predicted - predictions.level(arm) + residual
  }
}

/** The sums of an arm, in the order in which they are stored. */
const SUMS = ['scores', 'squares', 'products', 'inverses', 'propensities', 'propensitySquares'] as const
const [SCORES, SQUARES, PRODUCTS, INVERSES, PROPENSITIES, PROPENSITY_SQUARES] = [0, 1, 2, 3, 4, 5] as const

/** The running row of a batch on one metric, of all its units or of those of a segment. */
export class ScoreRow {
  readonly #arms: number
  readonly #control: number
  readonly #sums: CompensatedSums
  readonly #units: Float64Array

  /** Empty, or as `stored()` gave it: 13 numbers an arm. */
  constructor(arms: number, control: number, stored?: Float64Array) {
    this.#arms = arms
    this.#control = control
    const sums = SUMS.length * arms
    this.#sums = new CompensatedSums(sums, stored?.subarray(0, 2 * sums))
    this.#units = stored === undefined ? new Float64Array(arms) : stored.slice(2 * sums)
  }

  /** A unit that was assigned to `arm`; arms with propensity 0 are not active. */
  add(arm: number, scores: Float64Array, propensities: Float64Array): void {
    this.#units[arm] = (this.#units[arm] as number) + 1
    const ofControl = scores[this.#control] as number
    const isControlActive = (propensities[this.#control] as number) > 0
    for (let other = 0; other < this.#arms; other++) {
      const propensity = propensities[other] as number
      if (propensity === 0) continue
      const score = scores[other] as number
      this.#add(SCORES, other, score)
      this.#add(SQUARES, other, score * score)
      if (isControlActive && other !== this.#control) this.#add(PRODUCTS, other, score * ofControl)
      this.#add(INVERSES, other, 1 / propensity)
      this.#add(PROPENSITIES, other, propensity)
      this.#add(PROPENSITY_SQUARES, other, propensity * propensity)
    }
  }

  /**
   * A unit of `arm` whose outcome a reward has changed: `before` and `after` are its scores, which
   * differ in its own arm only. What it added before is taken away to the last bit.
   */
  move(arm: number, before: Float64Array, after: Float64Array): void {
    const [old, young] = [before[arm] as number, after[arm] as number]
    this.#replace(SCORES, arm, old, young)
    this.#replace(SQUARES, arm, old * old, young * young)
    if (arm !== this.#control) {
      const ofControl = before[this.#control] as number
      this.#replace(PRODUCTS, arm, old * ofControl, young * ofControl)
      return
    }
    for (let other = 0; other < this.#arms; other++) {
      if (other === arm) continue
      const score = before[other] as number
      this.#replace(PRODUCTS, other, score * old, score * young)
    }
  }

  addAll(other: ScoreRow): void {
    this.#sums.addAll(other.#sums)
    for (let arm = 0; arm < this.#arms; arm++) {
      this.#units[arm] = (this.#units[arm] as number) + (other.#units[arm] as number)
    }
  }

  values(): RowValues {
    const sums = this.#sums.values()
    const column = (place: number) => sums.subarray(place * this.#arms, (place + 1) * this.#arms)
    return {
      units: this.#units.reduce((sum, count) => sum + count, 0),
      armUnits: this.#units.slice(),
      scores: column(SCORES),
      squares: column(SQUARES),
      products: column(PRODUCTS),
      inverses: column(INVERSES),
      propensities: column(PROPENSITIES),
      propensitySquares: column(PROPENSITY_SQUARES),
    }
  }

  /** The sums, their errors, and the units of each arm. */
  stored(): Float64Array {
    return Float64Array.from([...this.#sums.stored(), ...this.#units])
  }

  #add(column: number, arm: number, value: number): void {
    this.#sums.add(column * this.#arms + arm, value)
  }

  #replace(column: number, arm: number, old: number, young: number): void {
    this.#add(column, arm, -old)
    this.#add(column, arm, young)
  }
}
