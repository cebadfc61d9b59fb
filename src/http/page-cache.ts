// Pages that many look at are made once for each change: who asks for a revision gets the page that was made of it, or of a later one.

interface Made<T> {
  readonly revision: number
  readonly at: number
  readonly page: Promise<T>
  /** 0 until it is made. */
  weight: number
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

  /** The page `name`, of the revision `wanted` at least; `make` makes it of the one that there is now. */
  async page(name: string, { now, wanted }: { now: number; wanted: number }, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(name)
    if (known !== undefined && known.revision >= wanted && performance.now() - known.at < LONGEST_MS) return known.page
    const made: Made<T> = { revision: now, at: performance.now(), page: make(), weight: 0 }
    this.#made.delete(name)
    this.#made.set(name, made)
    try {
      const page = await made.page
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
