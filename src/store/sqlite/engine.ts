// The connection of a process, on the thread that answers. What was asked together shares a
// transaction; a write that breaks a rule is undone alone. Nobody is answered before what was read
// or written is on the disk.
import { setTimeout as sleep } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Assignment } from '../../bandit/facts.ts'
import type { Performer } from '../call-queue.ts'
import { type Call, type Outcome, type StoreCommands, WRITES } from '../commands.ts'
import type { Commit, KeptAssignment, Proposal, Store } from '../port.ts'
import { audit } from './audit.ts'
import { commandsOver } from './commands-over.ts'
import { ServedFiles } from './files/served-files.ts'
import { endingOnSyncFailure } from './files/sync-failure.ts'
import { type SyncFile, WalSync } from './files/wal-sync.ts'
import { Ledger } from './ledger.ts'
import { ScriptRunner } from './script-runner.ts'
import { asStoreError, isLocked, isStoreFailure } from './store-failure.ts'

export interface EngineOptions {
  /** By a service, which keeps the log short and looks after its files. */
  readonly isServed: boolean
  /** Hears of the failure that a place meets, and null where it works. */
  readonly onFailure: (place: 'reads' | 'commits' | 'files', error: unknown) => void
  readonly onCommit: (commit: Commit) => void
  /** In place of the disk's own, for tests that cut the power. */
  readonly sync?: SyncFile | undefined
}

/**
 * A write that waits longer than this for another process' lock fails: /assign must answer within a
 * second. Once one has waited in vain the next ones do not wait, until one succeeds.
 */
const LOCK_PATIENCE_MS = 250
const LOCK_RETRY_MS = 1

/**
 * After a transaction that was longer, other processes are left so much time to take the lock, or
 * this share of what it took.
 */
const LONG_TRANSACTION_MS = 5
const GAP_MS = 2
const GAP_SHARE = 1 / 4

/** Holds the inner pages of a million units, and those that a transaction changes. */
const CACHE_KIB = 16_384

export class Engine implements Performer {
  readonly #db: Database.Database
  readonly #options: EngineOptions
  readonly #ledger: Ledger
  readonly #commands: StoreCommands
  /** Null in memory. */
  readonly #wal: WalSync | null
  /** Null unless it serves. */
  readonly #files: ServedFiles | null
  readonly #begin: Database.Statement
  readonly #beginWriting: Database.Statement
  readonly #commit: Database.Statement
  readonly #rollback: Database.Statement
  readonly #apart: Database.Transaction<(call: Call) => Outcome>
  #isLocked = false
  #lockFreeUntil = 0
  /**
   * What was committed here, and is not known to be on the disk: the calls, and what became of
   * them.
   */
  #unsynced: readonly (readonly [Call, Outcome])[] = []
  #isClosed = false

  /** `db` is what `openDatabase` has opened. @throws DatabaseError, SqliteError */
  constructor(db: Database.Database, options: EngineOptions) {
    this.#db = db
    this.#options = options
    db.pragma('synchronous = NORMAL')
    db.pragma(`cache_size = -${CACHE_KIB}`)
    const scripts = new ScriptRunner(db)
    this.#ledger = new Ledger(db, scripts)
    this.#commands = commandsOver(db, scripts, this.#ledger)
    this.#begin = db.prepare('BEGIN')
    this.#beginWriting = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
    this.#apart = db.transaction((call: Call) => this.#executeAll([call])[0] as Outcome)
    this.#wal = db.memory ? null : new WalSync(db, options.sync)
    this.#files =
      options.isServed && this.#wal !== null
        ? new ServedFiles(db, this.#wal, fault => options.onFailure('files', fault))
        : null
    // Not before: another process may be opening the file too.
    db.pragma('busy_timeout = 0')
  }

  /**
   * What became of each call, in their order. Whatever it has read or written is on the disk when
   * this resolves.
   */
  async perform(calls: readonly Call[]): Promise<Outcome[]> {
    const startedAt = performance.now()
    const outcomes = new Array<Outcome>(calls.length)
    const writes = this.#readTogether(calls, outcomes)
    if (writes.length > 0) {
      const written = await this.#write(writes.map(position => calls[position] as Call))
      for (const [order, position] of writes.entries()) outcomes[position] = written[order] as Outcome
    }
    await this.#wal?.wait()
    if (this.#unsynced.length > 0) this.#noteSynced(performance.now() - startedAt)
    return outcomes
  }

  /** Reports and lists, which need not wait for the disk. @throws StoreUnavailableError */
  async read(call: Call): Promise<unknown> {
    if (call.name === 'ping') await this.#expectFiles()
    if (this.#isClosed) throw new StoreUnavailableError(new Error('The store is closed'))
    return this.#reading(() => this.#execute(call))
  }

  /**
   * As `findAssignments`, also while a sync hangs: null also for a unit whose assignment may not be
   * on the disk yet.
   *
   * @throws StoreUnavailableError also where another process has committed what may not be on the
   * disk yet
   */
  findSynced(experimentId: number, units: readonly string[]): (Assignment | null)[] {
    if (this.#isClosed) throw new StoreUnavailableError(new Error('The store is closed'))
    const found = this.#reading(() => {
      const read = this.#commands.findAssignments(experimentId, units)
      // Afterwards: so whatever was read is noted.
      this.#wal?.noteReads()
      return read
    })
    if (this.#wal?.areOthersSynced === false) throw new StoreUnavailableError(new Error('The disk does not answer'))
    const unsynced = this.#unsyncedUnits(experimentId)
    return found.map(assignment => (assignment === null || unsynced.has(assignment.unit) ? null : assignment))
  }

  readonly audit: Store['audit'] = (...args) => audit(this.#db, ...args)

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#files?.close()
    this.#wal?.close()
    // The last one that closes the file makes a checkpoint.
    endingOnSyncFailure(this.#db.name, () => this.#db.close())
    await this.#files?.checkpointer.end()
  }

  /**
   * Does the reads in one transaction, proposals for units that all have their arms among them;
   * answers the positions of the others.
   */
  #readTogether(calls: readonly Call[], outcomes: Outcome[]): number[] {
    const isRead = ({ name }: Call) => !WRITES.has(name) || name === 'keepAssignments'
    if (!calls.some(isRead)) return [...calls.keys()]
    try {
      this.#begin.run()
      let failure: unknown = null
      const left = [...calls.keys()].filter(position => {
        const call = calls[position] as Call
        const outcome = isRead(call) ? this.#attempt(() => this.#readOne(call)) : null
        if (outcome !== null) outcomes[position] = outcome
        if (outcome !== null && 'error' in outcome) failure = outcome.error
        return outcome === null
      })
      this.#wal?.noteReads()
      this.#options.onFailure('reads', failure)
      return left
    } catch (error) {
      // Anyone who only reads is told; a proposal can still be written.
      for (const [position, { name }] of calls.entries())
        if (!WRITES.has(name)) outcomes[position] = { error: asStoreError(error) }
      return [...calls.keys()].filter(position => WRITES.has((calls[position] as Call).name))
    } finally {
      if (this.#db.inTransaction) this.#rollback.run()
    }
  }

  /** Null for a proposal with a unit that is new. */
  #readOne(call: Call): Outcome | null {
    if (call.name !== 'keepAssignments') return { result: this.#execute(call) }
    const kept = this.#findKept(call.args[0])
    return kept === null ? null : { result: kept }
  }

  #findKept({ experimentId, units }: Proposal): KeptAssignment[] | null {
    const kept: KeptAssignment[] = []
    for (const { unit } of units) {
      const [assignment] = this.#commands.findAssignments(experimentId, [unit])
      if (assignment == null) return null
      kept.push({ ...assignment, isNew: false })
    }
    return kept
  }

  async #write(calls: readonly Call[]): Promise<Outcome[]> {
    try {
      if (this.#files?.fault) throw new StoreUnavailableError(this.#files.fault)
      await this.#leaveGap()
      const outcomes = await this.#whenUnlocked(() => this.#transact(calls))
      this.#unsynced = calls.map((call, position) => [call, outcomes[position] as Outcome])
      this.#wal?.noteCommit()
      this.#files?.checkpointer.noteCommit()
      this.#options.onFailure('commits', null)
      return outcomes
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) this.#options.onFailure('commits', error)
      return calls.map(() => ({ error: asStoreError(error) }))
    }
  }

  /**
   * Tries until no other process is writing: SQLite's own waiting would hold up this thread.
   * @throws SqliteError
   */
  async #whenUnlocked<Result>(work: () => Result): Promise<Result> {
    const deadline = performance.now() + (this.#isLocked ? 0 : LOCK_PATIENCE_MS)
    while (true) {
      try {
        const result = work()
        this.#isLocked = false
        return result
      } catch (error) {
        this.#isLocked = isLocked(error) && performance.now() >= deadline
        if (!isLocked(error) || this.#isLocked) throw error
      }
      await sleep(LOCK_RETRY_MS)
    }
  }

  /**
   * SQLite's lock is not fair: anyone who waits for it looks again only after some milliseconds.
   */
  async #leaveGap(): Promise<void> {
    const gapMs = this.#lockFreeUntil - performance.now()
    if (gapMs > 0) await sleep(Math.ceil(gapMs))
  }

  /** @throws SqliteError; then nothing was written */
  #transact(calls: readonly Call[]): Outcome[] {
    this.#beginWriting.run()
    const startedAt = performance.now()
    try {
      const outcomes = this.#executeAllOrApart(calls)
      this.#files?.mark.raise()
      endingOnSyncFailure(this.#db.name, () => this.#commit.run())
      return outcomes
    } catch (error) {
      this.#undo()
      throw error
    } finally {
      const endedAt = performance.now()
      const tookMs = endedAt - startedAt
      const pressingMs = tookMs * (this.#files?.checkpointer.pressure ?? 0)
      const gapMs = tookMs > LONG_TRANSACTION_MS ? Math.max(GAP_MS, GAP_SHARE * tookMs) : 0
      this.#lockFreeUntil = endedAt + Math.max(pressingMs, gapMs)
    }
  }

  /** Where one breaks a rule each is said for itself, so that only that one is undone. */
  #executeAllOrApart(calls: readonly Call[]): Outcome[] {
    try {
      return this.#executeAll(calls)
    } catch (error) {
      this.#undo()
      if (isStoreFailure(error)) throw error
    }
    this.#beginWriting.run()
    return calls.map(call => this.#attempt(() => this.#apart(call)))
  }

  #executeAll(calls: readonly Call[]): Outcome[] {
    const outcomes = calls.map(call => ({ result: this.#execute(call) }))
    this.#ledger.flush()
    return outcomes
  }

  #execute({ name, args }: Call): unknown {
    return (this.#commands[name] as (...args: readonly unknown[]) => unknown)(...args)
  }

  #undo(): void {
    if (this.#db.inTransaction) this.#rollback.run()
    this.#ledger.forget()
    this.#files?.mark.forget()
  }

  #attempt<Given>(work: () => Given): Given | { readonly error: unknown } {
    try {
      return work()
    } catch (error) {
      this.#ledger.forget()
      return { error: asStoreError(error) }
    }
  }

  /** @throws StoreUnavailableError */
  #reading<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      this.#ledger.forget()
      throw asStoreError(error)
    }
  }

  #noteSynced(ms: number): void {
    this.#options.onCommit({ ms, commands: this.#unsynced.length })
    this.#unsynced = []
    this.#files?.mark.note()
  }

  /** New ones, whose assignments may not be on the disk. */
  #unsyncedUnits(experimentId: number): Set<string> {
    const units = new Set<string>()
    for (const [{ name, args }, outcome] of this.#unsynced) {
      if (name !== 'keepAssignments' || args[0].experimentId !== experimentId || 'error' in outcome) continue
      for (const { unit, isNew } of outcome.result as KeptAssignment[]) if (isNew) units.add(unit)
    }
    return units
  }

  /** @throws StoreUnavailableError */
  async #expectFiles(): Promise<void> {
    const fault = await this.#files?.check()
    if (fault) throw new StoreUnavailableError(fault)
  }
}
