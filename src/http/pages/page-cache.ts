// Pages that many look at are made once for each change: who asks for a revision gets the page that
// was made of it, or of a later one.
import type { IsGone } from '../computations.ts'

interface Made<T> {
  readonly revision: number
  readonly at: number
  readonly page: Promise<T>
  /** 0 until it is made. */
  weight: number
  /** Of all who wait for it. */
  readonly waiting: IsGone[]
}

/** A page also changes with time alone, as windows close; so none is given for longer than this. */
const LONGEST_MS = 10_000
const MOST_PAGES = 200

export class PageCache<T> {
  readonly #made = new Map<string, Made<T>>()
  readonly #weigh: (page: T) => number
  readonly #most: number

  /** All pages that are kept weigh `most` together, or little more. */
  constructor(weigh: (page: T) => number, most: number) {
    this.#weigh = weigh
    this.#most = most
  }

  /**
   * The page `name`, of the revision `wanted` at least; `make` makes it of the one that there is
   * now, and is told whether all who wait for it have gone.
   */
  async page(
    name: string,
    { now, wanted }: { now: number; wanted: number },
    make: (areGone: IsGone) => Promise<T>,
    isGone: IsGone = () => false,
  ): Promise<T> {
    const known = this.#made.get(name)
    if (known !== undefined && known.revision >= wanted && performance.now() - known.at < LONGEST_MS) {
      if (known.weight === 0) known.waiting.push(isGone)
      return known.page
    }
    const waiting = [isGone]
    const page = make(() => waiting.every(each => each()))
    const made: Made<T> = { revision: now, at: performance.now(), page, weight: 0, waiting }
    this.#made.delete(name)
    this.#made.set(name, made)
    try {
      const page = await made.page
      waiting.length = 0
      made.weight = this.#weigh(page)
      this.#dropOldest()
      return page
    } catch (error) {
      if (this.#made.get(name) === made) this.#made.delete(name)
      throw error
    }
  }

  #dropOldest(): void {
    let weight = [...this.#made.values()].reduce((sum, made) => sum + made.weight, 0)
    for (const [name, made] of this.#made) {
      if (this.#made.size <= MOST_PAGES && weight <= this.#most) return
      this.#made.delete(name)
      weight -= made.weight
    }
  }
}
