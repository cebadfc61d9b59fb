// How many computations of a kind go on at once. The others wait for their turn; beyond some they are refused, because whoever waited
// so long would have gone.
import { BanditError } from '../bandit/errors.ts'

/** So many of a kind are computed at once, and so many more wait. */
const MAX_RUNNING = 2
const MAX_WAITING = 50

export class Computations {
  readonly #kind: string
  readonly #maxRunning: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** `kind`: what they are, as `reports`. */
  constructor(kind: string, { maxRunning = MAX_RUNNING, maxWaiting = MAX_WAITING } = {}) {
    this.#kind = kind
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /**
   * Does the work when its turn has come.
   *
   * @throws BanditError `overloaded`, at once, when too many wait
   */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#maxRunning) return this.#start(work)
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new BanditError('overloaded', `Too many ${this.#kind} are computed at once; try again shortly`)
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => void this.#start(work).then(resolve, reject))
    })
  }

  async #start<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }
}
