// Limits the rate of a caller. A bucket begins full and refills evenly. A request is served if
// there is at least one token, and takes as many as its work needs, if necessary on credit: so a
// batch larger than the bucket is possible, and the next request waits accordingly.
import type { Rate } from './rate.ts'

export class TokenBucket {
  readonly rate: Rate
  readonly #perMs: number
  #tokens: number
  #filledAt: number
  #taken = 0

  /** Instants are ms. */
  constructor(rate: Rate, now: number) {
    this.rate = rate
    this.#perMs = rate.count / rate.windowMs
    this.#tokens = rate.count
    this.#filledAt = now
  }

  /** Takes tokens, whether they are there or not. */
  take(count: number, now: number): void {
    this.#taken += count
    this.takeForOthers(count, now)
  }

  /** Takes the tokens that other processes granted to the same caller. */
  takeForOthers(count: number, now: number): void {
    this.#fill(now)
    this.#tokens -= count
  }

  /** The number taken here since the last call, to be taken by the other processes too. */
  collectTaken(): number {
    const taken = this.#taken
    this.#taken = 0
    return taken
  }

  /** How many requests would be served now. */
  left(now: number): number {
    this.#fill(now)
    return Math.max(0, Math.floor(this.#tokens))
  }

  /** The time in ms until at least this many tokens (default 1) are there; 0: now. */
  waitMs(now: number, tokens = 1): number {
    this.#fill(now)
    return Math.max(0, (tokens - this.#tokens) / this.#perMs)
  }

  /** A clock that is set back fills nothing, and takes nothing away. */
  #fill(now: number): void {
    const elapsedMs = Math.max(0, now - this.#filledAt)
    this.#tokens = Math.min(this.rate.count, this.#tokens + elapsedMs * this.#perMs)
    this.#filledAt = now
  }
}
