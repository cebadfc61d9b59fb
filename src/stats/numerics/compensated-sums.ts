// Many running sums side by side that lose nothing to rounding: each keeps, beside its sum, what
// rounding has taken from it. So a large number that is added and taken away again leaves no trace,
// and the order in which numbers come does not matter.

/**
 * Neumaier 1974, ZAMM 54, with Knuth's two-sum: the error of `value` is one rounding, plus n ·
 * 2⁻¹⁰⁶ of the largest partial sum after n additions.
 */
export class CompensatedSums {
  readonly #sums: Float64Array
  readonly #errors: Float64Array

  /** `count` sums of 0, or those that `stored()` gave. */
  constructor(count: number, stored?: Float64Array) {
    if (stored !== undefined && stored.length !== 2 * count) {
      throw new RangeError(`Cannot read ${count} sums from ${stored.length} numbers: each takes two`)
    }
    this.#sums = stored === undefined ? new Float64Array(count) : stored.slice(0, count)
    this.#errors = stored === undefined ? new Float64Array(count) : stored.slice(count)
  }

  add(place: number, value: number): void {
    const before = this.#sums[place] as number
    const sum = before + value
    const added = sum - before
    this.#sums[place] = sum
    this.#errors[place] = (this.#errors[place] as number) + (before - (sum - added) + (value - added))
  }

  /** Adds sums of the same length: those of another shard, replica or commit. */
  addAll(other: CompensatedSums): void {
    for (let place = 0; place < this.#sums.length; place++) {
      this.add(place, other.#sums[place] as number)
      this.#errors[place] = (this.#errors[place] as number) + (other.#errors[place] as number)
    }
  }

  value(place: number): number {
    return (this.#sums[place] as number) + (this.#errors[place] as number)
  }

  values(): Float64Array {
    const values = this.#sums.slice()
    for (let place = 0; place < values.length; place++) values[place] = this.value(place)
    return values
  }

  /** All sums, then all errors: what has to be kept to go on later. */
  stored(): Float64Array {
    const stored = new Float64Array(2 * this.#sums.length)
    stored.set(this.#sums)
    stored.set(this.#errors, this.#sums.length)
    return stored
  }
}
