// The connection, and what may be said over it. Many sentences share one commit, because an fsync costs more than a hundred rows;
// one that breaks a rule is undone alone.
import type Database from 'better-sqlite3'
import type { Store } from '../../bandit/store.ts'
import type { OnCommit, OnTurn } from '../hearers.ts'
import { type Call, type Outcome, type Sentences, WRITES } from '../sentences.ts'
import { assignmentSentences } from './assignments.ts'
import { audit } from './audit.ts'
import { openDatabase, sizeOf } from './database.ts'
import { experimentSentences } from './experiments.ts'
import { factSentences } from './facts.ts'
import { keySentences } from './keys.ts'
import { Ledger } from './ledger.ts'
import { rewardSentences } from './rewards.ts'
import { snapshotSentences } from './snapshots.ts'
import { asStoreError, isLocked, isTrouble } from './trouble.ts'
import { webhookSentences } from './webhooks.ts'

/**
 * A commit that waits longer than this for another process' lock fails: /assign must answer within a second. So once one has waited
 * in vain the next ones hardly wait, until one succeeds: with 64 requests always under way, some had to sit through four waits.
 */
const LOCK_PATIENCE_MS = 250

export class Engine {
  readonly #db: Database.Database
  readonly #ledger: Ledger
  readonly #sentences: Sentences
  readonly #commitTogether: Database.Transaction<(calls: readonly Call[]) => Outcome[]>
  readonly #commitApart: Database.Transaction<(calls: readonly Call[]) => Outcome[]>
  readonly #onTurn: OnTurn
  readonly #onCommit: OnCommit
  #isFailing = false

  /** @throws DatabaseError */
  constructor(path: string, onTurn: OnTurn = () => {}, onCommit: OnCommit = () => {}) {
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
    this.#commitTogether = db.transaction(calls => {
      const outcomes = calls.map(call => ({ result: this.#say(call) }))
      this.#ledger.settle()
      return outcomes
    })
    const alone = db.transaction((call: Call) => {
      const result = this.#say(call)
      this.#ledger.settle()
      return result
    })
    this.#commitApart = db.transaction(calls => calls.map(call => this.#attempt(() => alone(call))))
  }

  /** What became of each call, in their order. Reads see what was committed before; writes are on disk when this returns. */
  perform(calls: readonly Call[]): Outcome[] {
    const outcomes = new Array<Outcome>(calls.length)
    const writes: number[] = []
    for (const [position, call] of calls.entries()) {
      if (WRITES.has(call.name)) writes.push(position)
      else outcomes[position] = this.#attempt(() => this.#say(call))
    }
    if (writes.length === 0) return outcomes
    const written = this.#commit(writes.map(position => calls[position] as Call))
    for (const [order, position] of writes.entries()) outcomes[position] = written[order] as Outcome
    return outcomes
  }

  readonly audit: Store['audit'] = async (...args) => audit(this.#db, ...args)

  close(): void {
    this.#db.close()
  }

  #commit(calls: readonly Call[]): Outcome[] {
    const startedAt = performance.now()
    try {
      const outcomes = this.#commitOnceUnlocked(calls)
      this.#turn(null)
      this.#onCommit({ ms: performance.now() - startedAt, sentences: calls.length })
      return outcomes
    } catch (error) {
      this.#ledger.forget()
      this.#turn(error)
      return calls.map(() => ({ error: asStoreError(error) }))
    }
  }

  /** Several processes may write to the file: each tries again and again, since SQLite's own waiting grows longer and is not fair. */
  #commitOnceUnlocked(calls: readonly Call[]): Outcome[] {
    const deadline = performance.now() + (this.#isFailing ? 0 : LOCK_PATIENCE_MS)
    while (true) {
      try {
        return this.#commitTogether.immediate(calls)
      } catch (error) {
        this.#ledger.forget()
        if (!isTrouble(error)) return this.#commitApart.immediate(calls)
        if (!isLocked(error) || performance.now() >= deadline) throw error
      }
    }
  }

  #attempt(say: () => unknown): Outcome {
    try {
      return { result: say() }
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
