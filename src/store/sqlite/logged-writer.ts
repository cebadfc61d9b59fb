// For the service that has a file to itself: what was said is on disk in the redo log before anybody is answered, and in the
// database when many thousand facts share a commit, or nothing more comes.
//
// SQLite syncs no commit of these: until a checkpoint has, the entries stay in the log. So whatever another connection reads in the
// database is on disk, there or here.
import Database from 'better-sqlite3'
import { type Call, type Outcome, rowsOf } from '../sentences.ts'
import { Allowance } from './allowance.ts'
import { packCalls } from './call-packing.ts'
import { Checkpointer } from './checkpointer.ts'
import { LongTransaction } from './long-transaction.ts'
import { canBeRedone } from './redo.ts'
import { RedoLog } from './redo-log.ts'
import { LOCK_PATIENCE_MS, SyncedWriter } from './synced-writer.ts'
import { isLocked, isTrouble } from './trouble.ts'
import type { Speech, Writer } from './writer.ts'

/**
 * While the database is written nobody is answered. Bulk may gather, since the more facts share the pages of a commit the less each
 * costs; whoever comes one by one should wait a tenth of a second at the most. (In a file of ten million units each has a page of its own.)
 */
const MOST_FACTS = 32_000
const LONGEST_MS_FOR_FACTS = 400
const MOST_CALLS = 4_000
const LONGEST_MS_FOR_CALLS = 100

/** Nobody else sees what is in the log only; it is not there for longer than this. */
const MOST_AGE_MS = 2_000

/** When nothing has come for so long, it is time to commit. */
const IDLE_MS = 50

/** When the database's own log has so many pages they are copied to the file, by a thread of their own, which others do not wait for. */
const CHECKPOINT_PAGES = 64_000

/** So many that came meanwhile are copied here: only when nothing is left does the log begin anew, and is the redo log emptied. */
const REST_PAGES = CHECKPOINT_PAGES / 4

/** A commit that failed is not tried again before this, or before as long as it took to redo what it held. */
const RETRY_MS = 250

export class LoggedWriter implements Writer {
  readonly #log: RedoLog
  readonly #transaction: LongTransaction
  readonly #speech: Speech
  readonly #synced: SyncedWriter
  readonly #onTurn: (trouble: unknown) => void
  readonly #idle: NodeJS.Timeout
  readonly #checkpointer: Checkpointer
  /** It has ended, and what came meanwhile is to be copied. */
  #isRestDue = false
  /** Since the last commit to the database. */
  #facts = 0
  #calls = 0
  readonly #mostFacts = new Allowance(MOST_FACTS, LONGEST_MS_FOR_FACTS)
  readonly #mostCalls = new Allowance(MOST_CALLS, LONGEST_MS_FOR_CALLS)
  #isSettlingDue = false
  #isClosed = false
  /** Who has waited for others in vain hardly waits the next time. */
  #patienceMs = LOCK_PATIENCE_MS
  /** The database could not be written, and when that may be tried again. */
  #trouble: { readonly error: unknown; readonly until: number } | null = null

  /**
   * `db` is what `openDatabase` has opened. `onTurn` hears of a commit that failed while nobody waited for it, and with null when one succeeded after all.
   *
   * @throws DatabaseError, SqliteError
   */
  constructor(db: Database.Database, speech: Speech, onTurn: (trouble: unknown) => void) {
    this.#log = new RedoLog(db.name)
    this.#transaction = new LongTransaction(db, this.#log, speech)
    this.#speech = speech
    this.#synced = new SyncedWriter(db, speech)
    this.#onTurn = onTurn
    this.#checkpointer = new Checkpointer(db.name, () => {
      this.#isRestDue = true
      this.#settleAlone()
    })
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
    const isOver = this.#checkpointer.close()
    this.#settleAlone(() => {
      if (isOver && this.#transaction.checkpoint()) this.#log.shrink()
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
    // For its checkpoint.
    this.#idle.refresh()
    return this.#transaction.whileSynced(() => this.#synced.write(calls))
  }

  /** The one that is used up; null where there is more to have. */
  get #fullAllowance(): Allowance | null {
    if (this.#calls >= this.#mostCalls.amount) return this.#mostCalls
    return this.#facts >= this.#mostFacts.amount ? this.#mostFacts : null
  }

  /** After the answers have gone out, or when nothing more comes. */
  #settleInTime(): void {
    this.#idle.refresh()
    if (this.#isSettlingDue) return
    const isOld = performance.now() - this.#transaction.openedAt >= MOST_AGE_MS
    this.#isSettlingDue = isOld || this.#fullAllowance !== null
    if (this.#isSettlingDue) setImmediate(() => this.#isSettlingDue && this.#settleAlone())
  }

  #settleAlone(afterwards = () => this.#checkpoint()): void {
    this.#isSettlingDue = false
    if (this.#isClosed) return
    const startedAt = performance.now()
    const wasInTrouble = this.#trouble !== null
    const allowance = this.#fullAllowance
    try {
      this.#prove()
      this.#settle()
      if (wasInTrouble) this.#onTurn(null)
    } catch (error) {
      this.#onTurn(error)
      this.#idle.refresh()
      return
    }
    allowance?.adapt(performance.now() - startedAt)
    // Where there is no room for a checkpoint the logs grow, and the next commit tells.
    attempt(afterwards)
  }

  /** Once settled. Where somebody stands in the way of the rest it is tried again, and left to the thread when it has become too much. */
  #checkpoint(): void {
    if (this.#checkpointer.isUnderWay) return
    const pages = this.#transaction.pagesToCopy
    if (this.#isRestDue && pages <= REST_PAGES) this.#isRestDue = !this.#transaction.checkpoint()
    else if (pages >= CHECKPOINT_PAGES) this.#checkpointer.start()
  }

  /** @throws SqliteError; then nothing is accepted before the database was written */
  #settle(): void {
    try {
      this.#transaction.settle()
      this.#facts = 0
      this.#calls = 0
    } catch (error) {
      const startedAt = performance.now()
      this.#undo()
      const now = performance.now()
      this.#trouble = { error, until: now + Math.max(RETRY_MS, now - startedAt) }
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
    // Else it is opened with the next write, or by the timer.
    attempt(() => this.#transaction.open(0))
    this.#idle.refresh()
  }
}

function attempt(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isTrouble(error)) throw error
  }
}
