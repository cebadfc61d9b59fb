// Means and centred sums of a stream of pairs, in one pass that loses no digits when the mean is
// far above the spread.

/** Welford 1962, Technometrics 4, for pairs. */
export class Moments {
  #count = 0
  #meanX = 0
  #meanY = 0
  #squaresX = 0
  #squaresY = 0
  #products = 0

  add(x: number, y: number): void {
    this.#count++
    const fromX = x - this.#meanX
    const fromY = y - this.#meanY
    this.#meanX += fromX / this.#count
    this.#meanY += fromY / this.#count
    this.#squaresX += fromX * (x - this.#meanX)
    this.#squaresY += fromY * (y - this.#meanY)
    this.#products += fromX * (y - this.#meanY)
  }

  get count(): number {
    return this.#count
  }

  /** 0 before the first pair. */
  get meanX(): number {
    return this.#meanX
  }

  get meanY(): number {
    return this.#meanY
  }

  /** `Σ (x − x̄)²` */
  get squaresX(): number {
    return this.#squaresX
  }

  get squaresY(): number {
    return this.#squaresY
  }

  /** `Σ (x − x̄)(y − ȳ)` */
  get products(): number {
    return this.#products
  }
}
