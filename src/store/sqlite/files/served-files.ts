// What a service, and only a service, does with the files of its database: it keeps the log short,
// marks the file, and looks whether both are still the ones that it has opened. The database file
// is never opened here: to close it again would drop the locks that SQLite has on it in this
// process.
import { rmSync, type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type Database from 'better-sqlite3'
import { Checkpointer } from './checkpointer.ts'
import { Mark } from './mark.ts'
import type { WalSync } from './wal-sync.ts'

const WATCH_TICK_MS = 2_000

const HEADER_BYTES = 32
const FRAME_BYTES = 4_096 + 24

export class ServedFiles {
  readonly checkpointer: Checkpointer
  readonly mark: Mark
  readonly #path: string
  readonly #wal: WalSync
  readonly #opened: Stats
  readonly #onFault: (fault: Error | null) => void
  readonly #timer: NodeJS.Timeout
  #fault: Error | null = null

  /**
   * `onFault` hears why the files are not trusted any more, and null where they are again. @throws
   * DatabaseError
   */
  constructor(db: Database.Database, wal: WalSync, onFault: (fault: Error | null) => void) {
    this.#path = db.name
    this.#wal = wal
    this.#opened = statSync(db.name)
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
    this.#timer = setInterval(() => void this.check(), WATCH_TICK_MS).unref()
  }

  /** Why they are not trusted: then nothing is accepted. */
  get fault(): Error | null {
    return this.#fault
  }

  async check(): Promise<Error | null> {
    const told = await this.#findFault()
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

  async #findFault(): Promise<string | null> {
    const [file, log] = await Promise.all([statOf(this.#path), statOf(`${this.#path}-wal`)])
    if (file === null) return `${this.#path} was removed or renamed while the service uses it`
    if (!isSame(file, this.#opened)) return `${this.#path} was replaced while the service uses it`
    if (log === null) return `${this.#path}-wal was removed while the service uses it`
    if (!isSame(log, this.#wal.stat())) return `${this.#path}-wal was replaced while the service uses it`
    const { frames } = this.checkpointer
    if (frames === 0 || this.#wal.stat().size >= HEADER_BYTES + frames * FRAME_BYTES) return null
    // A checkpoint may have begun the log anew between the two looks.
    return this.checkpointer.frames === frames ? `${this.#path}-wal was cut short while the service uses it` : null
  }
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
