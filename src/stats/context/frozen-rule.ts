// The rule of a snapshot: not a list of shares, but how to compute them for a unit from its
// context. Exact numbers, no chance: who knows the rule and x can recompute what the unit was drawn
// with. context.md B.3 and B.4.
import { BestOfNormals } from '../belief/best-of-normals.ts'
import type { Goal } from '../goal.ts'
import { packedLength } from '../numerics/packed-matrix.ts'
import type { SlopesFit } from './slopes-fit.ts'

/** The version of the arithmetic of this file. Another one may differ in the last digits. */
export const ARITHMETIC = 1

/** A rule as it is kept with the snapshot: JSON. Arms by position. */
export interface FrozenRule {
  readonly arithmetic: number
  /** d, the length of x. */
  readonly dimension: number
  readonly goal: Goal
  /** ε in [0, 1], the share that is spread evenly. */
  readonly exploration: number
  /** The arm whose share is reserved, and its share; null: all active arms compete. */
  readonly reserved: { readonly arm: number; readonly share: number } | null
  /** The κ of the fit; null while nothing is known. */
  readonly shrinkage: number | null
  /** Null where the arm is not active. */
  readonly arms: readonly (FrozenArm | null)[]
}

/** What is believed of an arm; null while nothing is known: then all arms weigh the same. */
export interface FrozenArm {
  readonly belief: {
    /** β: d numbers. */
    readonly coefficients: readonly number[]
    /** L⁻¹ of `Λ = L Lᵀ`, packed by rows of the lower triangle: d(d + 1)/2 numbers. */
    readonly inverseFactor: readonly number[]
    /** s, the standard deviation of an outcome around the model. */
    readonly sd: number
  } | null
}

export interface RuleOptions {
  readonly goal: Goal
  readonly exploration: number
  readonly reserved: FrozenRule['reserved']
  readonly active: readonly boolean[]
  readonly dimension: number
}

/** The rule that follows from a fit (null: nothing is known yet). */
export function freezeRule(fit: SlopesFit | null, { active, ...options }: RuleOptions): FrozenRule {
  const arms = active.map((isActive, arm): FrozenArm | null => {
    if (!isActive) return null
    const own = fit?.arms[arm]
    if (own === undefined) return { belief: null }
    const [coefficients, inverseFactor] = [[...own.coefficients], [...own.inverseFactor]]
    return { belief: { coefficients, inverseFactor, sd: Math.sqrt(own.variance) } }
  })
  return { arithmetic: ARITHMETIC, ...options, shrinkage: fit?.shrinkage ?? null, arms }
}

/**
 * A frozen rule made ready: everything that does not depend on x is computed once, so that a unit
 * costs some microseconds. The memory that it returns is its own and holds until the next call.
 */
export class ContextRule {
  readonly dimension: number
  readonly #rule: FrozenRule
  /**
   * Of the active arms, in their order: their positions, β one after the other, L⁻¹ likewise, s.
   */
  readonly #active: Int32Array
  readonly #coefficients: Float64Array
  readonly #inverseFactors: Float64Array
  readonly #spreads: Float64Array
  readonly #isKnown: boolean
  readonly #competing: Int32Array
  readonly #best: BestOfNormals
  readonly #means: Float64Array
  readonly #sds: Float64Array
  readonly #chances: Float64Array
  readonly #propensities: Float64Array

  /** @throws RangeError when no arm is active, the reserved one is not, or sizes do not fit. */
  constructor(rule: FrozenRule) {
    const { dimension, arms, reserved, goal } = rule
    const active = arms.flatMap((arm, position) => (arm === null ? [] : [{ ...arm, position }]))
    if (active.length === 0) throw new RangeError('Cannot read the rule: no arm is active')
    if (reserved !== null && arms[reserved.arm] == null) {
      throw new RangeError(`Cannot read the rule: arm ${reserved.arm} has a reserved share and is not active`)
    }
    const packed = packedLength(dimension)
    const beliefs = active.flatMap(({ belief }) => (belief === null ? [] : [belief]))
    for (const { coefficients, inverseFactor } of beliefs) {
      if (coefficients.length === dimension && inverseFactor.length === packed) continue
      throw new RangeError(`Cannot read the rule: a belief does not have ${dimension} columns`)
    }
    this.dimension = dimension
    this.#rule = rule
    this.#isKnown = beliefs.length === active.length
    this.#active = Int32Array.from(active, ({ position }) => position)
    this.#coefficients = Float64Array.from(beliefs.flatMap(({ coefficients }) => coefficients))
    this.#inverseFactors = Float64Array.from(beliefs.flatMap(({ inverseFactor }) => inverseFactor))
    this.#spreads = Float64Array.from(beliefs, ({ sd }) => sd)
    const places = this.#active.map((_, place) => place)
    this.#competing =
      active.length === 1 ? places : places.filter(place => this.#active[place] !== (reserved?.arm ?? -1))
    this.#best = new BestOfNormals(active.length, goal)
    this.#means = new Float64Array(active.length)
    this.#sds = new Float64Array(active.length)
    this.#chances = new Float64Array(active.length)
    this.#propensities = new Float64Array(arms.length)
  }

  /**
   * `p(a | x) = ε/K + (1 − ε) q_a(x)`, `q_a(x) = P(θ_a(x) is best)`, by position of the arm, 0
   * where it is not active. A reserved arm has exactly its share; the others divide the rest by the
   * same rule among themselves. Against 40 digits: 1e-9 (tests/golden/context/propensities.json).
   */
  propensitiesAt(x: Float64Array): Float64Array {
    const { exploration, reserved } = this.#rule
    this.#competeAt(x)
    const count = this.#competing.length
    const isReserved = reserved !== null && this.#active.length > 1
    const total = isReserved ? 1 - reserved.share : 1
    if (isReserved) this.#propensities[reserved.arm] = reserved.share
    for (let place = 0; place < count; place++) {
      const arm = this.#active[this.#competing[place] as number] as number
      this.#propensities[arm] = total * (exploration / count + (1 - exploration) * (this.#chances[place] as number))
    }
    return this.#propensities
  }

  /**
   * `θ_a(x) ~ Normal(xᵀβ_a, s_a² xᵀΛ_a⁻¹x)`: means and standard deviations by position of the arm,
   * in the metric's unit; null where it is not active or nothing is known.
   */
  beliefsAt(x: Float64Array): ({ readonly mean: number; readonly sd: number } | null)[] {
    const beliefs = this.#rule.arms.map((): { mean: number; sd: number } | null => null)
    if (!this.#isKnown) return beliefs
    this.#believeAt(x)
    this.#active.forEach((arm, place) => {
      beliefs[arm] = { mean: this.#means[place] as number, sd: this.#sds[place] as number }
    })
    return beliefs
  }

  #competeAt(x: Float64Array): void {
    if (!this.#isKnown) {
      this.#chances.fill(1 / this.#competing.length)
      return
    }
    this.#believeAt(x)
    this.#best.chances(this.#means, this.#sds, this.#competing, this.#chances)
  }

  #believeAt(x: Float64Array): void {
    const d = this.dimension
    for (let place = 0, beta = 0, at = 0; place < this.#active.length; place++) {
      let [mean, squares] = [0, 0]
      for (let row = 0; row < d; row++, beta++) {
        mean += (x[row] as number) * (this.#coefficients[beta] as number)
        let dot = 0
        for (let column = 0; column <= row; column++, at++) {
          dot += (this.#inverseFactors[at] as number) * (x[column] as number)
        }
        squares += dot * dot
      }
      this.#means[place] = mean
      this.#sds[place] = (this.#spreads[place] as number) * Math.sqrt(squares)
    }
  }
}
