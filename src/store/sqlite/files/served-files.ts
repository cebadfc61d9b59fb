// What a service, and only a service, does with the files of its database: it keeps the log short,
// marks the file, and looks whether both are still the ones that it has opened.
import { rmSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { Checkpointer } from './checkpointer.ts'
import { FileWatch } from './file-watch.ts'
import { Mark } from './mark.ts'
import type { WalSync } from './wal-sync.ts'

const WATCH_TICK_MS = 2_000

export class ServedFiles {
  readonly checkpointer: Checkpointer
  readonly mark: Mark
  readonly #watch: FileWatch
  readonly #onFault: (fault: Error | null) => void
  readonly #timer: NodeJS.Timeout
  #fault: Error | null = null

  /**
   * `onFault` hears why the files are not trusted any more, and null where they are again. @throws
   * DatabaseError
   */
  constructor(db: Database.Database, wal: WalSync, onFault: (fault: Error | null) => void) {
    this.#onFault = onFault
    db.pragma('wal_autocheckpoint = 0')
    this.mark = new Mark(db)
    // Empty, or the database would not have been opened; and no service of version 0.1.0 has it,
    // since the file is claimed.
    for (const suffix of ['-redo', '-redo-wal', '-redo-shm']) rmSync(db.name + suffix, { force: true })
    this.checkpointer = new Checkpointer(db, {
      sizeOfLog: () => wal.stat().size,
      isAllowed: async () => (await this.check()) === null,
    })
    this.#watch = new FileWatch({ path: db.name, wal, frames: () => this.checkpointer.frames })
    this.#timer = setInterval(() => void this.check(), WATCH_TICK_MS).unref()
  }

  /** Why they are not trusted: then nothing is accepted. */
  get fault(): Error | null {
    return this.#fault
  }

  async check(): Promise<Error | null> {
    const told = await this.#watch.findFault()
    if (told === (this.#fault?.message ?? null)) return this.#fault
    this.#fault = told === null ? null : new Error(told)
    this.#onFault(this.#fault)
    return this.#fault
  }

  /** Resolves when none of it is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.checkpointer.close()
    await this.mark.close()
  }

  /** To be called once the database is closed. */
  async end(): Promise<void> {
    await this.checkpointer.end()
  }
}
