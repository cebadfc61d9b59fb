// For the service that has a file to itself: what was said is on disk in the redo log before anybody is answered, and in the
// database when many thousand facts share a commit, or nothing more comes.
//
// SQLite syncs no commit of these: until a checkpoint has, the entries stay in the log. So whatever another connection reads in the
// database is on disk, there or here.
import Database from 'better-sqlite3'
import { type Call, type Outcome, rowsOf } from '../sentences.ts'
import { packCalls } from './call-packing.ts'
import { LongTransaction } from './long-transaction.ts'
import { canBeRedone } from './redo.ts'
import { RedoLog } from './redo-log.ts'
import { LOCK_PATIENCE_MS, SyncedWriter } from './synced-writer.ts'
import { isLocked, isTrouble } from './trouble.ts'
import type { Speech, Writer } from './writer.ts'

/** So many facts share the pages of a commit. To redo them after a crash takes most of a second. */
const MOST_FACTS = 32_000

/** Nobody else sees what is in the log only; it is not there for longer than this. */
const MOST_AGE_MS = 2_000

/** When nothing has come for so long, it is time to commit. */
const IDLE_MS = 50

/** When SQLite's own log has so many pages it is written back to the file, and the redo log emptied. */
const CHECKPOINT_PAGES = 32_000

/**
 * While the database is written nobody is answered: units that come one by one wait for that a tenth of a second and no longer, if
 * both are done after so many calls.
 */
const MOST_CALLS = 8_000

/** Bulk may take longer; beyond this, as with a file of ten million units, each of which has a page of its own, less is written at once. */
const LONGEST_STALL_MS = 250
const SMALLEST_SHARE = 1 / 4

/** A commit that failed is not tried again at once: to redo what it held takes its time. */
const RETRY_MS = 250

export class LoggedWriter implements Writer {
  readonly #log: RedoLog
  readonly #transaction: LongTransaction
  readonly #speech: Speech
  readonly #synced: SyncedWriter
  readonly #onTrouble: (error: unknown) => void
  readonly #idle: NodeJS.Timeout
  /** Since the last commit to the database. */
  #facts = 0
  /** Since it was last seen to a checkpoint. */
  #calls = 0
  /** Of the most that is written at once. */
  #share = 1
  #isSettlingDue = false
  #isClosed = false
  /** Who has waited for others in vain hardly waits the next time. */
  #patienceMs = LOCK_PATIENCE_MS
  /** The database could not be written, and when that may be tried again. */
  #trouble: { readonly error: unknown; readonly until: number } | null = null

  /**
   * `db` is what `openDatabase` has opened. `onTrouble` hears of a commit that failed while nobody waited for it.
   *
   * @throws DatabaseError, SqliteError
   */
  constructor(db: Database.Database, speech: Speech, onTrouble: (error: unknown) => void) {
    this.#log = new RedoLog(db.name)
    this.#transaction = new LongTransaction(db, this.#log, speech)
    this.#speech = speech
    this.#synced = new SyncedWriter(db, speech)
    this.#onTrouble = onTrouble
    this.#idle = setTimeout(() => this.#settleAlone(), IDLE_MS).unref()
  }

  write(calls: readonly Call[]): Outcome[] {
    // Where one batch follows the other, the turn of the event loop that was to see to it does not come.
    if (this.#isSettlingDue) this.#settleAlone()
    try {
      this.#enter()
      this.#prove()
      const outcomes = calls.every(canBeRedone) ? this.#writeToLog(calls) : this.#writeThrough(calls)
      this.#patienceMs = LOCK_PATIENCE_MS
      return outcomes
    } catch (error) {
      if (isLocked(error)) this.#patienceMs = 0
      throw error
    } finally {
      this.#log.leave()
    }
  }

  close(): void {
    if (this.#isClosed) return
    clearTimeout(this.#idle)
    // What cannot be written now stays in the log, for whoever opens the file next.
    this.#settleAlone()
    attempt(() => {
      if (this.#transaction.checkpoint(1)) this.#log.shrink()
    })
    this.#isClosed = true
    this.#log.close()
  }

  /** Takes the log's lock. Where others have it, they wait for the database: see `knocking`. */
  #enter(): void {
    if (this.#log.enter()) return
    this.#settleAlone()
    if (!this.#log.enter(this.#patienceMs)) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY')
  }

  #writeToLog(calls: readonly Call[]): Outcome[] {
    this.#transaction.open(this.#patienceMs)
    let outcomes: Outcome[]
    try {
      outcomes = this.#speech.together(calls)
      this.#log.append(this.#transaction.position + 1, packCalls(calls))
      this.#log.commit()
    } catch (error) {
      this.#recover()
      if (isTrouble(error)) throw error
      return this.#writeThrough(calls)
    }
    this.#transaction.position += 1
    this.#facts += calls.reduce((sum, call) => sum + rowsOf(call), 0)
    this.#calls += calls.length
    this.#settleInTime()
    return outcomes
  }

  /** What cannot be redone is in the database before it is answered. */
  #writeThrough(calls: readonly Call[]): Outcome[] {
    this.#settle()
    this.#log.leave()
    return this.#transaction.whileSynced(() => this.#synced.write(calls))
  }

  /** After the answers have gone out, or when nothing more comes. */
  #settleInTime(): void {
    this.#idle.refresh()
    if (this.#isSettlingDue) return
    const isOld = performance.now() - this.#transaction.openedAt >= MOST_AGE_MS
    this.#isSettlingDue = isOld || this.#facts >= MOST_FACTS * this.#share || this.#calls >= MOST_CALLS
    if (this.#isSettlingDue) setImmediate(() => this.#isSettlingDue && this.#settleAlone())
  }

  #settleAlone(): void {
    this.#isSettlingDue = false
    if (this.#isClosed) return
    const startedAt = performance.now()
    try {
      this.#prove()
      this.#settle()
    } catch (error) {
      this.#onTrouble(error)
      this.#idle.refresh()
      return
    }
    const fewestPages = this.#calls < MOST_CALLS ? CHECKPOINT_PAGES * this.#share : 1
    if (fewestPages === 1) this.#calls = 0
    // Where there is no room for a checkpoint the logs grow, and the next commit tells.
    attempt(() => {
      if (this.#transaction.checkpoint(fewestPages)) this.#adapt(performance.now() - startedAt)
    })
  }

  #adapt(stallMs: number): void {
    if (stallMs > LONGEST_STALL_MS) this.#share = Math.max(SMALLEST_SHARE, this.#share / 2)
    else if (stallMs < LONGEST_STALL_MS / 4) this.#share = Math.min(1, this.#share * 2)
  }

  /** @throws SqliteError; then nothing is accepted before the database was written */
  #settle(): void {
    try {
      this.#transaction.settle()
      this.#facts = 0
    } catch (error) {
      this.#trouble = { error, until: performance.now() + RETRY_MS }
      this.#undo()
      throw error
    }
  }

  /** After a failure nothing is accepted until the database was written. @throws that failure, or another one */
  #prove(): void {
    if (this.#trouble === null) return
    if (performance.now() < this.#trouble.until) throw this.#trouble.error
    this.#settle()
    this.#trouble = null
  }

  /** Back to what was acknowledged, which is then committed: what fails again and again does not undo it again and again. */
  #recover(): void {
    this.#undo()
    // Where that fails, who asks next is told.
    attempt(() => this.#settle())
  }

  /** Reading goes on with all that was acknowledged. */
  #undo(): void {
    this.#log.leave()
    this.#transaction.undo()
    // Else it is opened with the next write.
    attempt(() => this.#transaction.open(0))
  }
}

function attempt(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isTrouble(error)) throw error
  }
}
