// Many sentences, one commit. An fsync costs more than a hundred rows, so whatever arrives in one turn of the event loop is written
// in one transaction, and nobody is answered before it is on disk. Each sentence keeps its own savepoint: one that fails is undone
// alone.
import Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'

interface Write {
  readonly run: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

export interface CommitListener {
  /** A sentence or a whole transaction was undone. */
  readonly onUndo: () => void
  /** Commits begin to fail, with the engine's error; null: they succeed again. */
  readonly onTurn: (error: unknown) => void
}

type Outcome = { readonly result: unknown } | { readonly error: unknown }

export class CommitQueue {
  readonly #db: Database.Database
  readonly #atomically: Database.Transaction<(run: () => unknown) => unknown>
  readonly #commitAll: Database.Transaction<(writes: readonly Write[]) => Outcome[]>
  readonly #listener: CommitListener
  #writes: Write[] = []
  #isFailing = false

  constructor(db: Database.Database, listener: CommitListener) {
    this.#db = db
    this.#listener = listener
    this.#atomically = db.transaction((run: () => unknown) => run())
    this.#commitAll = db.transaction((writes: readonly Write[]) => writes.map(write => this.#attempt(write)))
  }

  /** Runs `run` inside the next commit; resolves to its result once that is on disk. `run` must be synchronous. */
  write<Result>(run: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#writes.length === 0) setImmediate(() => this.#flush())
      this.#writes.push({ run, resolve: resolve as (result: unknown) => void, reject })
    })
  }

  /** Runs `run` at once, outside of any transaction. */
  async read<Result>(run: () => Result): Promise<Result> {
    try {
      return run()
    } catch (error) {
      throw this.#asStoreError(error)
    }
  }

  /** Resolves when nothing waits to be written any more. */
  async drain(): Promise<void> {
    while (this.#writes.length > 0) await new Promise(resolve => setImmediate(resolve))
  }

  #flush(): void {
    const writes = this.#writes
    this.#writes = []
    let outcomes: Outcome[]
    try {
      outcomes = this.#commitAll.immediate(writes)
    } catch (error) {
      this.#listener.onUndo()
      this.#turn(error)
      for (const write of writes) write.reject(this.#asStoreError(error))
      return
    }
    this.#turn(null)
    for (const [position, write] of writes.entries()) {
      const outcome = outcomes[position] as Outcome
      if ('error' in outcome) write.reject(this.#asStoreError(outcome.error))
      else write.resolve(outcome.result)
    }
  }

  #turn(trouble: unknown): void {
    const isFailing = trouble !== null
    if (isFailing !== this.#isFailing) this.#listener.onTurn(trouble)
    this.#isFailing = isFailing
  }

  #attempt({ run }: Write): Outcome {
    try {
      return { result: this.#atomically(run) }
    } catch (error) {
      // Some errors (a full disk) end the whole transaction; then no sentence of it was kept, and all must hear of it.
      if (!this.#db.inTransaction) throw error
      this.#listener.onUndo()
      return { error }
    }
  }

  /** What the engine threw is the world's fault, unless it was asked to break a rule: that, like all else, is ours and passes. */
  #asStoreError(error: unknown): unknown {
    if (!this.#db.open) return new StoreUnavailableError(error)
    if (!(error instanceof Database.SqliteError) || error.code.startsWith('SQLITE_CONSTRAINT')) return error
    return new StoreUnavailableError(error)
  }
}
