// Pages that many look at are made once for each change: who asks for a revision gets the page that was made of it, or of a later one.

interface Made<T> {
  readonly revision: number
  readonly at: number
  readonly page: Promise<T>
}

/** A page also changes with time alone, as windows close; so none is given for longer than this. */
const LONGEST_MS = 10_000
const MOST_PAGES = 200

export class PageCache<T> {
  readonly #made = new Map<string, Made<T>>()

  /** The page `name`, of the revision `wanted` at least; `make` makes it of the one that there is now. */
  async page(name: string, { now, wanted }: { now: number; wanted: number }, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(name)
    if (known !== undefined && known.revision >= wanted && performance.now() - known.at < LONGEST_MS) return known.page
    const made = { revision: now, at: performance.now(), page: make() }
    this.#made.delete(name)
    this.#made.set(name, made)
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= MOST_PAGES) break
      this.#made.delete(oldest)
    }
    try {
      return await made.page
    } catch (error) {
      if (this.#made.get(name) === made) this.#made.delete(name)
      throw error
    }
  }
}
