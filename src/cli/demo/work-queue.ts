// Lets a bounded number of tasks run at once; who adds one more waits until one of them is done.

export class WorkQueue {
  readonly #limit: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Starts the task as soon as there is room. @throws whatever an earlier task threw */
  async add(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running)
    this.#rethrow()
    const running = task()
      .catch(error => {
        this.#failure ??= { error }
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all are done. @throws whatever a task threw */
  async drain(): Promise<void> {
    await Promise.all(this.#running)
    this.#rethrow()
  }

  #rethrow(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
