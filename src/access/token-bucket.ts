// Holds a caller to a rate. A bucket begins full and fills up again evenly; anyone who finds at
// least one token in it is served, and takes as many as the work turns out to need, on credit if it
// must be: so a batch larger than the bucket is possible, and is paid for by the wait after it.
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

  /** Takes tokens that others gave out, who hold the same caller to the same rate. */
  takeForOthers(count: number, now: number): void {
    this.#fill(now)
    this.#tokens -= count
  }

  /** How many were taken here since this was last asked, to be taken by those others too. */
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

  /** How long until at least so many tokens (one unless said) are there, in ms; 0: they are. */
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
