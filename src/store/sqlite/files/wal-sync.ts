// The barrier between a commit and its answer. SQLite commits without waiting for the disk
// (`synchronous = NORMAL`); here the write-ahead log is synced beside the event loop, and nobody is
// answered before a sync that began after the commit has completed.
import { closeSync, fdatasync, fstatSync, openSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import type Database from 'better-sqlite3'
import { endAtOnce } from './sync-failure.ts'

/** Resolves when all that was written to the file before the call is on the disk. */
export type SyncFile = (descriptor: number) => Promise<void>

export const syncFile: SyncFile = promisify(fdatasync)

export class WalSync {
  readonly #path: string
  readonly #descriptor: number
  readonly #sync: SyncFile
  readonly #readDataVersion: Database.Statement<[], number>
  #dataVersion: number
  /** Commits that are known of. What the file had when it was opened may not have been synced. */
  #committed = 1
  /** The last of them that another connection has made. */
  #foreign = 1
  /** As many of them are on the disk. */
  #synced = 0
  #underWay: Promise<void> | null = null

  /**
   * `db` is in WAL mode and has been read from, so its log is there; it stays while `db` is open.
   */
  constructor(db: Database.Database, sync: SyncFile = syncFile) {
    this.#path = `${db.name}-wal`
    this.#sync = sync
    this.#readDataVersion = db.prepare<[], number>('PRAGMA data_version').pluck()
    this.#dataVersion = this.#readDataVersion.get() as number
    this.#descriptor = openSync(this.#path, 'r+')
  }

  noteCommit(): void {
    this.#committed += 1
  }

  /** Notices what other connections have committed. Called in the transaction that has read it. */
  noteReads(): void {
    const dataVersion = this.#readDataVersion.get() as number
    if (dataVersion === this.#dataVersion) return
    this.#dataVersion = dataVersion
    this.#committed += 1
    this.#foreign = this.#committed
  }

  /** True when all that other connections have committed is on the disk, as far as was noticed. */
  get areOthersSynced(): boolean {
    return this.#synced >= this.#foreign
  }

  /** Resolves when everything that was noted before is on the disk. */
  async wait(): Promise<void> {
    const needed = this.#committed
    while (this.#synced < needed) {
      this.#underWay ??= this.#run()
      await this.#underWay
    }
  }

  /** Of the log that is synced here, whatever is at its path by now. */
  stat(): Stats {
    return fstatSync(this.#descriptor)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  async #run(): Promise<void> {
    const covered = this.#committed
    try {
      await this.#sync(this.#descriptor)
    } catch (error) {
      endAtOnce(this.#path, error as Error)
    }
    this.#synced = covered
    this.#underWay = null
  }
}
