// The database's transaction that stays open over many entries of the redo log, until thousands of facts share its pages. Whatever
// undoes it, what the log has is said again when it is opened the next time.
import type Database from 'better-sqlite3'
import { keepPosition, readPosition, redo } from './redo.ts'
import type { RedoLog } from './redo-log.ts'
import { isLocked } from './trouble.ts'
import { copyPages, pagesToCopy } from './wal.ts'
import type { Speech } from './writer.ts'

/** Holds the pages of a commit until it is made. */
const CACHE_KIB = 65_536

export class LongTransaction {
  readonly #db: Database.Database
  readonly #log: RedoLog
  readonly #speech: Speech
  readonly #begin: Database.Statement
  /** Of the last entry that is committed here. */
  #settled: number
  /** Of the last entry of the log. */
  position: number
  /** ms since the process began. */
  openedAt = 0

  /** `db` is what `openDatabase` has opened, and `log` its log. @throws SqliteError */
  constructor(db: Database.Database, log: RedoLog, speech: Speech) {
    this.#db = db
    this.#log = log
    this.#speech = speech
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    const known = readPosition(db)
    if (known.log !== log.id) db.prepare('UPDATE redo_position SET log = ?').run(log.id)
    this.#settled = known.position
    this.position = known.position
    // Its commits need not be synced before a checkpoint is: the log has them.
    db.pragma('synchronous = NORMAL')
    db.pragma('wal_autocheckpoint = 0')
    db.pragma(`cache_size = -${CACHE_KIB}`)
  }

  /** Begins it with all that the log has; nothing to do where it is open. @throws SqliteError */
  open(patienceMs: number): void {
    if (this.#db.inTransaction) return
    this.#beginWithin(patienceMs)
    this.openedAt = performance.now()
    try {
      this.position = redo(this.#db, this.#log, calls => this.#speech.together(calls))
    } catch (error) {
      this.undo()
      throw error
    }
  }

  /** Commits all that the log has. @throws SqliteError; then it is to be undone */
  settle(): void {
    if (!this.#db.inTransaction && this.#settled === this.position) return
    this.open(0)
    keepPosition(this.#db, this.position)
    this.#db.exec('COMMIT')
    this.#settled = this.position
  }

  /** What was said since the last commit is not in the database. */
  undo(): void {
    this.#speech.forget()
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
  }

  /** Once settled: commits of others in between are synced by SQLite itself. */
  whileSynced<Result>(work: () => Result): Result {
    this.#db.pragma('synchronous = FULL')
    try {
      return work()
    } finally {
      this.#db.pragma('synchronous = NORMAL')
    }
  }

  /** Once settled: how many pages of the database's own log are not in its file. @throws SqliteError */
  get pagesToCopy(): number {
    return pagesToCopy(this.#db)
  }

  /**
   * Once settled: copies them, syncs the file, and empties the redo log. False where others stand in the way.
   *
   * @throws SqliteError; then the logs stay as they are
   */
  checkpoint(): boolean {
    // Somebody still reads what was before, or is at the same: the next time, then.
    if (!copyPages(this.#db) || !this.#log.enter()) return false
    try {
      this.#log.dropThrough(this.#settled)
      this.#log.commit()
    } finally {
      this.#log.leave()
    }
    return true
  }

  #beginWithin(patienceMs: number): void {
    const deadline = performance.now() + patienceMs
    while (true) {
      try {
        this.#begin.run()
        return
      } catch (error) {
        if (!isLocked(error) || performance.now() >= deadline) throw error
      }
    }
  }
}
