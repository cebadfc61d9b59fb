// The connection, and what may be said over it. Many sentences share one commit; one that breaks a rule is undone alone.
import type Database from 'better-sqlite3'
import type { Store } from '../../bandit/store.ts'
import { DatabaseError } from '../database-error.ts'
import type { OnCommit, OnTurn } from '../hearers.ts'
import { type Call, type Outcome, type Sentences, WRITES } from '../sentences.ts'
import { assignmentSentences } from './assignments.ts'
import { audit } from './audit.ts'
import { openDatabase, sizeOf } from './database.ts'
import { experimentSentences } from './experiments.ts'
import { factSentences } from './facts.ts'
import { keySentences } from './keys.ts'
import { Ledger } from './ledger.ts'
import { LoggedWriter } from './logged-writer.ts'
import { rewardSentences } from './rewards.ts'
import { snapshotSentences } from './snapshots.ts'
import { SyncedWriter } from './synced-writer.ts'
import { asStoreError } from './trouble.ts'
import { webhookSentences } from './webhooks.ts'
import type { Speech, Writer } from './writer.ts'

export interface EngineOptions {
  readonly onTurn?: OnTurn | undefined
  readonly onCommit?: OnCommit | undefined
  /** No other process serves the file: commits go to the redo log first. */
  readonly isAlone?: boolean
}

export class Engine {
  readonly #db: Database.Database
  readonly #ledger: Ledger
  readonly #sentences: Sentences
  readonly #writer: Writer
  readonly #onTurn: OnTurn
  readonly #onCommit: OnCommit
  #isFailing = false

  /** @throws DatabaseError */
  constructor(path: string, { onTurn = () => {}, onCommit = () => {}, isAlone = false }: EngineOptions = {}) {
    const db = openDatabase(path)
    this.#db = db
    this.#onTurn = onTurn
    this.#onCommit = onCommit
    this.#ledger = new Ledger(db)
    this.#sentences = {
      ...experimentSentences(db, this.#ledger),
      ...snapshotSentences(this.#ledger),
      ...assignmentSentences(db, this.#ledger),
      ...rewardSentences(db, this.#ledger),
      ...factSentences(db),
      ...webhookSentences(db),
      ...keySentences(db),
      ping: () => void db.prepare('SELECT 1').get(),
      readSize: () => sizeOf(db),
    }
    this.#writer = this.#openWriter(isAlone && !db.memory)
  }

  /** What became of each call, in their order. Reads see what was acknowledged before; writes are on disk when this returns. */
  perform(calls: readonly Call[]): Outcome[] {
    const outcomes = new Array<Outcome>(calls.length)
    const writes: number[] = []
    for (const [position, call] of calls.entries()) {
      if (WRITES.has(call.name)) writes.push(position)
      else outcomes[position] = this.#attempt(() => ({ result: this.#say(call) }))
    }
    if (writes.length === 0) return outcomes
    const written = this.#commit(writes.map(position => calls[position] as Call))
    for (const [order, position] of writes.entries()) outcomes[position] = written[order] as Outcome
    return outcomes
  }

  readonly audit: Store['audit'] = async (...args) => audit(this.#db, ...args)

  close(): void {
    this.#writer.close()
    this.#db.close()
  }

  /** @throws DatabaseError */
  #openWriter(isLogged: boolean): Writer {
    const speech = this.#speech()
    if (!isLogged) return new SyncedWriter(this.#db, speech)
    try {
      return new LoggedWriter(this.#db, speech, error => this.#turn(error))
    } catch (error) {
      this.#db.close()
      if (error instanceof DatabaseError) throw error
      throw new DatabaseError(`Cannot open the redo log of ${this.#db.name}: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  #speech(): Speech {
    const together = (calls: readonly Call[]) => {
      const outcomes = calls.map(call => ({ result: this.#say(call) }))
      this.#ledger.settle()
      return outcomes
    }
    const alone = this.#db.transaction((call: Call) => together([call])[0] as Outcome)
    return {
      together,
      apart: calls => calls.map(call => this.#attempt(() => alone(call))),
      forget: () => this.#ledger.forget(),
    }
  }

  #commit(calls: readonly Call[]): Outcome[] {
    const startedAt = performance.now()
    try {
      const outcomes = this.#writer.write(calls)
      this.#turn(null)
      this.#onCommit({ ms: performance.now() - startedAt, sentences: calls.length })
      return outcomes
    } catch (error) {
      this.#ledger.forget()
      this.#turn(error)
      return calls.map(() => ({ error: asStoreError(error) }))
    }
  }

  #attempt(say: () => Outcome): Outcome {
    try {
      return say()
    } catch (error) {
      this.#ledger.forget()
      return { error: asStoreError(error) }
    }
  }

  #say({ name, args }: Call): unknown {
    return (this.#sentences[name] as (...args: readonly unknown[]) => unknown)(...args)
  }

  #turn(trouble: unknown): void {
    const isFailing = trouble !== null
    if (isFailing === this.#isFailing) return
    this.#isFailing = isFailing
    this.#onTurn(trouble)
  }
}
