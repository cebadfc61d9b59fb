// What a contextual policy learns from: moments of the units of one snapshot and arm. They add, so
// shards, replicas and commits merge by summing, and a report costs the same for a thousand units
// and for a billion. A context x is a row of d numbers that begins with 1 (`x[0] = 1`), so the
// number of units and `Σ x` are the first column of `Σ x xᵀ`, and `Σ y` is the first of `Σ x y`.
// context.md B.1.
import { CompensatedSums } from '../numerics/compensated-sums.ts'
import { packedLength } from '../numerics/packed-matrix.ts'

/** The moments of the units of one arm on one metric, as numbers. */
export interface ArmMoments {
  /** `Σ x xᵀ`, packed by rows of the lower triangle; its first entry is the number of units. */
  readonly xx: Float64Array
  /** `Σ x y`; its first entry is `Σ y`. */
  readonly xy: Float64Array
  /** `Σ y²` */
  readonly yy: number
}

/** `Σ x xᵀ` of the units of one snapshot and arm: the same for every metric. */
export class ContextSums {
  readonly #dimension: number
  readonly #sums: CompensatedSums

  /** Empty, or as `stored()` gave it: `d(d + 1)` numbers. */
  constructor(dimension: number, stored?: Float64Array) {
    this.#dimension = dimension
    this.#sums = new CompensatedSums(packedLength(dimension), stored)
  }

  /** A unit that was assigned. */
  add(x: Float64Array): void {
    for (let row = 0, at = 0; row < this.#dimension; row++) {
      const entry = x[row] as number
      for (let column = 0; column <= row; column++, at++) {
        if (entry !== 0) this.#sums.add(at, entry * (x[column] as number))
      }
    }
  }

  addAll(other: ContextSums): void {
    this.#sums.addAll(other.#sums)
  }

  values(): Float64Array {
    return this.#sums.values()
  }

  stored(): Float64Array {
    return this.#sums.stored()
  }
}

/** `Σ x y` and `Σ y²` of the units of one snapshot and arm on one metric. */
export class OutcomeSums {
  readonly #dimension: number
  readonly #sums: CompensatedSums

  /** Empty, or as `stored()` gave it: `2(d + 1)` numbers. */
  constructor(dimension: number, stored?: Float64Array) {
    this.#dimension = dimension
    this.#sums = new CompensatedSums(dimension + 1, stored)
  }

  /** A unit that was assigned; `outcome` is that of a unit without rewards. */
  add(x: Float64Array, outcome: number): void {
    this.#addTimes(x, outcome, 1)
  }

  /**
   * A unit whose outcome a reward has changed. What it added before is taken away to the last bit,
   * so the sums are those of a unit that came with its outcome at once.
   */
  move(x: Float64Array, before: number, after: number): void {
    this.#addTimes(x, before, -1)
    this.#addTimes(x, after, 1)
  }

  addAll(other: OutcomeSums): void {
    this.#sums.addAll(other.#sums)
  }

  values(): Pick<ArmMoments, 'xy' | 'yy'> {
    const values = this.#sums.values()
    return { xy: values.subarray(0, this.#dimension), yy: values[this.#dimension] as number }
  }

  stored(): Float64Array {
    return this.#sums.stored()
  }

  #addTimes(x: Float64Array, outcome: number, sign: 1 | -1): void {
    if (outcome === 0) return
    for (let place = 0; place < this.#dimension; place++) {
      const entry = x[place] as number
      if (entry !== 0) this.#sums.add(place, sign * (entry * outcome))
    }
    this.#sums.add(this.#dimension, sign * (outcome * outcome))
  }
}

/**
 * The moments of older units after features were appended: they are missing those, so each new
 * column has a constant value, and its moments follow exactly from those that are known.
 * `constants`: the values of the new columns for a unit that is missing them.
 */
export function padMoments({ xx, xy, yy }: ArmMoments, constants: Float64Array): ArmMoments {
  const before = xy.length
  const dimension = before + constants.length
  const wideXx = new Float64Array(packedLength(dimension))
  wideXx.set(xx)
  const units = xx[0] as number
  for (const [place, constant] of constants.entries()) {
    const at = packedLength(before + place)
    for (let column = 0; column < before; column++) {
      wideXx[at + column] = constant * (xx[packedLength(column)] as number)
    }
    for (let other = 0; other <= place; other++) {
      wideXx[at + before + other] = constant * (constants[other] as number) * units
    }
  }
  const wideXy = new Float64Array(dimension)
  wideXy.set(xy)
  wideXy.set(
    constants.map(constant => constant * (xy[0] as number)),
    before,
  )
  return { xx: wideXx, xy: wideXy, yy }
}
