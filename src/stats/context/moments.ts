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
 * Where a new column comes from: `factor` times an old one; a constant is `factor` times column 0.
 */
export interface ColumnSource {
  readonly column: number
  readonly factor: number
}

/**
 * The moments that the same units would have with other columns, each a multiple of one that is
 * known: exact, up to a rounding an entry.
 */
export function mapMoments({ xx, xy, yy }: ArmMoments, sources: readonly ColumnSource[]): ArmMoments {
  const entry = (row: number, column: number) =>
    xx[row >= column ? packedLength(row) + column : packedLength(column) + row] as number
  return {
    xx: Float64Array.from(
      sources.flatMap((row, place) =>
        sources.slice(0, place + 1).map(column => row.factor * column.factor * entry(row.column, column.column)),
      ),
    ),
    xy: Float64Array.from(sources, ({ column, factor }) => factor * (xy[column] as number)),
    yy,
  }
}

/**
 * The moments of older units after features were appended: they are missing those, so each new
 * column has a constant value. `constants`: the values of the new columns for a unit that is
 * missing them.
 */
export function padMoments(moments: ArmMoments, constants: Float64Array): ArmMoments {
  const known = Array.from(moments.xy, (_, column) => ({ column, factor: 1 }))
  const appended = Array.from(constants, factor => ({ column: 0, factor }))
  return mapMoments(moments, [...known, ...appended])
}
