// One commit for what was said together, synced by SQLite itself. Many sentences share it, because an fsync costs more than a hundred rows.
import type Database from 'better-sqlite3'
import type { Call, Outcome } from '../sentences.ts'
import { knocking } from './knock.ts'
import { isLocked, isTrouble } from './trouble.ts'
import type { Speech, Writer } from './writer.ts'

/**
 * A commit that waits longer than this for another process' lock fails: /assign must answer within a second. So once one has waited
 * in vain the next ones hardly wait, until one succeeds: with 64 requests always under way, some had to sit through four waits.
 */
export const LOCK_PATIENCE_MS = 250

export class SyncedWriter implements Writer {
  readonly #db: Database.Database
  readonly #together: Database.Transaction<(calls: readonly Call[]) => Outcome[]>
  readonly #apart: Database.Transaction<(calls: readonly Call[]) => Outcome[]>
  readonly #speech: Speech
  #isFailing = false

  constructor(db: Database.Database, speech: Speech) {
    this.#db = db
    this.#speech = speech
    this.#together = db.transaction(calls => speech.together(calls))
    this.#apart = db.transaction(calls => speech.apart(calls))
  }

  write(calls: readonly Call[]): Outcome[] {
    try {
      const outcomes = this.#writeOnceUnlocked(calls)
      this.#isFailing = false
      return outcomes
    } catch (error) {
      this.#isFailing = true
      throw error
    }
  }

  close(): void {}

  #writeOnceUnlocked(calls: readonly Call[]): Outcome[] {
    const patienceMs = this.#isFailing ? 0 : LOCK_PATIENCE_MS
    try {
      return this.#attempt(calls)
    } catch (error) {
      if (!isLocked(error) || patienceMs === 0) throw error
      return knocking(this.#db.name, patienceMs, () => this.#attemptFor(patienceMs, calls))
    }
  }

  /** Several processes may write to the file: each tries again and again, since SQLite's own waiting grows longer and is not fair. */
  #attemptFor(patienceMs: number, calls: readonly Call[]): Outcome[] {
    const deadline = performance.now() + patienceMs
    while (true) {
      try {
        return this.#attempt(calls)
      } catch (error) {
        if (!isLocked(error) || performance.now() >= deadline) throw error
      }
    }
  }

  #attempt(calls: readonly Call[]): Outcome[] {
    try {
      return this.#together.immediate(calls)
    } catch (error) {
      this.#speech.forget()
      if (isTrouble(error)) throw error
      return this.#apart.immediate(calls)
    }
  }
}
