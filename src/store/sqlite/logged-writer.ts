// For the service that has a file to itself: what was said is on disk in the redo log before anybody is answered, and in the
// database when twenty thousand facts share a commit, or nothing more comes. Its transaction stays open meanwhile.
//
// SQLite syncs no commit of these (synchronous=NORMAL): until a checkpoint has, the entries stay in the log. So whatever another
// connection reads in the database is on disk, there or here.
import Database from 'better-sqlite3'
import { type Call, type Outcome, rowsOf } from '../sentences.ts'
import { packCalls } from './call-packing.ts'
import { canBeRedone, keepPosition, readPosition, redo } from './redo.ts'
import { RedoLog } from './redo-log.ts'
import { LOCK_PATIENCE_MS, SyncedWriter } from './synced-writer.ts'
import { isLocked, isTrouble } from './trouble.ts'
import type { Speech, Writer } from './writer.ts'

/** So many facts share the pages of a commit. To redo them after a crash takes most of a second. */
const MOST_FACTS = 32_000

/** Nobody else sees what is older than this in the log only. */
const MOST_AGE_MS = 2_000

/** When nothing has come for so long, it is time to commit. */
const IDLE_MS = 50

/** When the database's own log has so many pages it is written back to the file, and the redo log emptied. */
const CHECKPOINT_PAGES = 32_000

/** A commit that failed is not tried again at once: to redo what it held takes its time. */
const RETRY_MS = 250

/** Holds the pages of a commit until it is made. */
const CACHE_KIB = 65_536

export class LoggedWriter implements Writer {
  readonly #db: Database.Database
  readonly #log: RedoLog
  readonly #speech: Speech
  readonly #synced: SyncedWriter
  readonly #onTrouble: (error: unknown) => void
  readonly #begin: Database.Statement
  readonly #idle: NodeJS.Timeout
  /** Of the last entry of the log. */
  #position: number
  /** In the open transaction, and since when. */
  #facts = 0
  #openedAt = 0
  #isSettlingDue = false
  #isLocked = false
  /** The database could not be written, and when that may be tried again. */
  #trouble: { readonly error: unknown; readonly until: number } | null = null

  /**
   * `db` is what `openDatabase` has opened. `onTrouble` hears of a commit that failed while nobody waited for it.
   *
   * @throws DatabaseError, SqliteError
   */
  constructor(db: Database.Database, speech: Speech, onTrouble: (error: unknown) => void) {
    this.#db = db
    this.#log = new RedoLog(db.name)
    this.#speech = speech
    this.#synced = new SyncedWriter(db, speech)
    this.#onTrouble = onTrouble
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#position = readPosition(db).position
    db.prepare('UPDATE redo_position SET log = ? WHERE log <> ?').run(this.#log.id, this.#log.id)
    db.pragma('synchronous = NORMAL')
    db.pragma('wal_autocheckpoint = 0')
    db.pragma(`cache_size = -${CACHE_KIB}`)
    this.#idle = setTimeout(() => this.#settleAlone(), IDLE_MS).unref()
  }

  write(calls: readonly Call[]): Outcome[] {
    this.#enter()
    try {
      this.#prove()
      return calls.every(canBeRedone) ? this.#writeToLog(calls) : this.#writeThrough(calls)
    } finally {
      this.#log.leave()
    }
  }

  close(): void {
    clearTimeout(this.#idle)
    // What cannot be written now stays in the log, for whoever opens the file next.
    this.#settleAlone(1)
    this.#log.close()
  }

  /** Takes the log's lock. Where others have it, they wait for the database. */
  #enter(): void {
    if (this.#log.enter()) return
    this.#settleAlone()
    if (!this.#log.enter(LOCK_PATIENCE_MS)) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY')
  }

  #writeToLog(calls: readonly Call[]): Outcome[] {
    let outcomes: Outcome[]
    try {
      this.#open()
      outcomes = this.#speech.together(calls)
      this.#log.append(this.#position + 1, packCalls(calls))
      this.#log.commit()
    } catch (error) {
      if (isLocked(error)) throw error
      this.#recover()
      if (isTrouble(error)) throw error
      return this.#writeThrough(calls)
    }
    this.#position += 1
    this.#facts += calls.reduce((sum, call) => sum + rowsOf(call), 0)
    this.#settleInTime()
    return outcomes
  }

  /** What cannot be redone is in the database before it is answered. */
  #writeThrough(calls: readonly Call[]): Outcome[] {
    this.#settle()
    this.#log.leave()
    this.#db.pragma('synchronous = FULL')
    try {
      return this.#synced.write(calls)
    } finally {
      this.#db.pragma('synchronous = NORMAL')
    }
  }

  /** The transaction that holds all that the log has. @throws SqliteError */
  #open(): void {
    if (this.#db.inTransaction) return
    this.#beginOnceUnlocked()
    this.#facts = 0
    this.#openedAt = performance.now()
    this.#position = redo(this.#db, this.#log, calls => this.#speech.together(calls))
  }

  /** As for a synced commit: who has waited in vain hardly waits the next time. */
  #beginOnceUnlocked(): void {
    const deadline = performance.now() + (this.#isLocked ? 0 : LOCK_PATIENCE_MS)
    while (true) {
      try {
        this.#begin.run()
        this.#isLocked = false
        return
      } catch (error) {
        this.#isLocked = isLocked(error)
        if (!this.#isLocked || performance.now() >= deadline) throw error
      }
    }
  }

  #settle(): void {
    if (!this.#db.inTransaction) return
    keepPosition(this.#db, this.#position)
    this.#db.exec('COMMIT')
    this.#facts = 0
  }

  /** After the answers have gone out, or when nothing more comes. */
  #settleInTime(): void {
    this.#idle.refresh()
    if (this.#facts < MOST_FACTS && performance.now() - this.#openedAt < MOST_AGE_MS) return
    if (this.#isSettlingDue) return
    this.#isSettlingDue = true
    setImmediate(() => this.#settleAlone())
  }

  #settleAlone(checkpointPages = CHECKPOINT_PAGES): void {
    this.#isSettlingDue = false
    if (!this.#db.open) return
    try {
      this.#prove()
      this.#settle()
      this.#checkpoint(checkpointPages)
    } catch (error) {
      this.#doubt(error)
      this.#onTrouble(error)
    }
  }

  /** What is synced with the file need not be redone. */
  #checkpoint(fewestPages: number): void {
    if (this.#walPages('NOOP').log < fewestPages) return
    const { log, checkpointed } = this.#walPages('PASSIVE')
    // Somebody still reads what was before: the next time, then.
    if (checkpointed < log || !this.#log.enter()) return
    this.#log.dropThrough(this.#position)
    this.#log.commit()
  }

  #walPages(mode: 'NOOP' | 'PASSIVE'): { readonly log: number; readonly checkpointed: number } {
    const [pages] = this.#db.pragma(`wal_checkpoint(${mode})`) as [{ log: number; checkpointed: number }]
    return pages
  }

  /** After a failure nothing is accepted until the database was written. @throws the failure, or another one */
  #prove(): void {
    if (this.#trouble === null) return
    if (performance.now() < this.#trouble.until) throw this.#trouble.error
    try {
      this.#open()
      this.#settle()
      this.#trouble = null
    } catch (error) {
      this.#doubt(error)
      throw error
    }
  }

  /** Back to what was acknowledged, which is then committed: what fails again and again does not undo it again and again. */
  #recover(): void {
    try {
      this.#undo()
      this.#open()
      this.#settle()
    } catch (error) {
      this.#doubt(error)
    }
  }

  #doubt(error: unknown): void {
    try {
      this.#undo()
      // Reading goes on with all that was acknowledged.
      this.#open()
    } catch {
      this.#undo()
    }
    this.#trouble = { error, until: performance.now() + RETRY_MS }
  }

  #undo(): void {
    this.#log.leave()
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    this.#speech.forget()
  }
}
