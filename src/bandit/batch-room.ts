// Room in an open batch that is reserved for units on their way to the store, so that calls which
// arrive together do not each fill it.

export class BatchRoom {
  #reserved = 0
  #change = Promise.withResolvers<void>()

  /** So many units are on their way. */
  get reserved(): number {
    return this.#reserved
  }

  /** Call what it returns once, when the units were kept or could not be. */
  reserve(units: number): () => void {
    this.#reserved += units
    return () => {
      this.#reserved -= units
      this.wake()
    }
  }

  /** Anyone who waits looks again. */
  wake(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  /** Resolves when some of the room is given back, or the batch is closed. */
  get change(): Promise<void> {
    return this.#change.promise
  }
}
