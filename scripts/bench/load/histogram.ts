// Latencies by the million in a fixed place: counts in cells whose width grows with the value, so a
// quantile is right to 0.5 % from a microsecond to a quarter of an hour.

const SMALLEST_MS = 0.001
const RATIO = 1.01
const CELLS = 2_048
const LOG_RATIO = Math.log(RATIO)

export class Histogram {
  readonly #counts = new Float64Array(CELLS)
  #count = 0
  #least = Number.POSITIVE_INFINITY
  #most = Number.NEGATIVE_INFINITY

  add(ms: number): void {
    this.#counts[cellOf(ms)] = (this.#counts[cellOf(ms)] as number) + 1
    this.#count += 1
    if (ms < this.#least) this.#least = ms
    if (ms > this.#most) this.#most = ms
  }

  get count(): number {
    return this.#count
  }

  /** Exact. NaN when nothing was added. */
  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#most
  }

  /**
   * The smallest value that at least `share` of the values do not exceed, in ms; `share` in (0, 1].
   * NaN when nothing was added.
   */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil(share * this.#count))
    let seen = 0
    for (const [cell, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return Math.min(this.#most, Math.max(this.#least, middleOf(cell)))
    }
    return this.#most
  }
}

function cellOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0
  return Math.min(CELLS - 1, 1 + Math.floor(Math.log(ms / SMALLEST_MS) / LOG_RATIO))
}

/** The geometric middle, as far from both ends of the cell; the first one begins at 0. */
function middleOf(cell: number): number {
  if (cell === 0) return 0
  return SMALLEST_MS * RATIO ** (cell - 0.5)
}
