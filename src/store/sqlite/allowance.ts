// How much is gathered before it is written: less after it has held up everybody for too long, more again when that was short.

/** No less than this share of the most. */
const LEAST_SHARE = 1 / 4

export class Allowance {
  readonly #most: number
  readonly #longestMs: number
  #share = 1

  /** Up to `most`, while to write it takes no longer than `longestMs`. */
  constructor(most: number, longestMs: number) {
    this.#most = most
    this.#longestMs = longestMs
  }

  get amount(): number {
    return this.#most * this.#share
  }

  /** To be told how long the whole amount took. */
  adapt(tookMs: number): void {
    if (tookMs > this.#longestMs) this.#share = Math.max(LEAST_SHARE, this.#share / 2)
    else if (tookMs < this.#longestMs / 4) this.#share = Math.min(1, this.#share * 2)
  }
}
