// How many computations of a kind go on at once. The others wait for their turn; beyond some they
// are refused, because anyone who waited so long would have gone.
import { BanditError } from '../bandit/errors.ts'

/** So many of a kind are computed at once, and so many more wait. */
const MAX_RUNNING = 2
const MAX_WAITING = 50

/** Tells whether nobody waits for a result any more. */
export type IsGone = () => boolean

interface Waiting {
  readonly isGone: IsGone
  readonly start: () => void
  readonly drop: () => void
}

export class Computations {
  readonly #kind: string
  readonly #maxRunning: number
  readonly #maxWaiting: number
  #waiting: Waiting[] = []
  #running = 0

  /** `kind`: what they are, as `reports`. */
  constructor(kind: string, { maxRunning = MAX_RUNNING, maxWaiting = MAX_WAITING } = {}) {
    this.#kind = kind
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /**
   * Does the work when its turn has come; not when `isGone` by then.
   *
   * @throws BanditError `overloaded`, at once, when too many wait; `invalid_request` when it was
   * not done, which nobody reads
   */
  run<Result>(work: () => Promise<Result>, isGone: IsGone = () => false): Promise<Result> {
    if (this.#running < this.#maxRunning) return this.#start(work)
    if (this.#waiting.length >= this.#maxWaiting) this.#dropGone()
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new BanditError('overloaded', `Too many ${this.#kind} are computed at once; try again shortly`)
    }
    return new Promise((resolve, reject) => {
      const start = () => void this.#start(work).then(resolve, reject)
      const drop = () => reject(new BanditError('invalid_request', 'The client has left before its turn'))
      this.#waiting.push({ isGone, start, drop })
    })
  }

  async #start<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#startNext()
    }
  }

  #startNext(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.isGone()) {
        next.start()
        return
      }
      next.drop()
    }
  }

  #dropGone(): void {
    const gone = this.#waiting.filter(({ isGone }) => isGone())
    if (gone.length === 0) return
    this.#waiting = this.#waiting.filter(waiting => !gone.includes(waiting))
    for (const { drop } of gone) drop()
  }
}
