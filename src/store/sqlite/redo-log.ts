// Writes that were acknowledged and are not yet in the database, in a file beside it that is written to at its end. In the database,
// whose rows come in no order, a unit takes a page of 4 KiB of each commit; here it takes its name and its arm. The file is a SQLite
// database itself, so what is torn or damaged is told from what is whole.
//
// Whoever wants to write to the database first takes this file's lock: see `knock`.
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { DatabaseError } from '../database-error.ts'
import type { Sheet } from './sheet.ts'
import { isLocked } from './trouble.ts'

/** How an entry is written. An entry of another format is of another version of Pinwheel, which alone can redo it. */
const FORMAT = 1

/** One attempt to take the lock. */
const BUSY_TIMEOUT_MS = 5

/** Entries are deleted after some megabytes, and most of its pages used again. */
const CHECKPOINT_PAGES = 4_000

/** Nothing of it is read again but after a crash. */
const CACHE_KIB = 1_024

/** What was written by one commit. */
export interface RedoEntry {
  /** Counts them, from 1. */
  readonly position: number
  readonly sheet: Sheet
}

interface EntryRow {
  readonly position: number
  readonly numbers: Buffer
  readonly texts: string
  readonly others: string
}

export class RedoLog {
  /** Tells it from the log of another database. */
  readonly id: string
  readonly #db: Database.Database
  readonly #append: Database.Statement<[number, Uint8Array, string, string]>
  readonly #drop: Database.Statement<[number]>
  readonly #after: Database.Statement<[number], EntryRow>

  /**
   * Opens or creates the log of the database at `path`.
   *
   * @throws DatabaseError, SqliteError
   */
  constructor(path: string) {
    const db = new Database(logPath(path), { timeout: 3_000 })
    this.#db = db
    try {
      // Who may not read the database may not read what is to be in it.
      if (formatOf(db) === 0) chmodSync(db.name, statSync(path).mode)
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
      db.pragma(`cache_size = -${CACHE_KIB}`)
      this.id = prepareLog(db)
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
      this.#append = db.prepare('INSERT INTO entries (position, numbers, texts, others) VALUES (?, ?, ?, ?)')
      this.#drop = db.prepare('DELETE FROM entries WHERE position <= ?')
      this.#after = db.prepare(
        'SELECT position, numbers, texts, others FROM entries WHERE position > ? ORDER BY position',
      )
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** Takes the lock; waits up to `patienceMs` for it. False when others have it. @throws SqliteError */
  enter(patienceMs = 0): boolean {
    const deadline = performance.now() + patienceMs
    do {
      try {
        this.#db.exec('BEGIN IMMEDIATE')
        return true
      } catch (error) {
        if (!isLocked(error)) throw error
      }
    } while (performance.now() < deadline)
    return false
  }

  /** Lets go of the lock, with what was appended and not committed. */
  leave(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
  }

  /** To be committed with `commit`. */
  append(position: number, { numbers, texts, values }: Sheet): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
    this.#append.run(position, bytes, JSON.stringify(texts), JSON.stringify(values))
  }

  /** On disk when it returns. */
  commit(): void {
    this.#db.exec('COMMIT')
  }

  /** Forgets the entries up to `position`, which are in the database, and on disk there. */
  dropThrough(position: number): void {
    this.#drop.run(position)
  }

  *entriesAfter(position: number): Generator<RedoEntry> {
    for (const row of this.#after.iterate(position)) {
      const { buffer, byteOffset, byteLength } = row.numbers
      const numbers = new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))
      yield {
        position: row.position,
        sheet: { numbers, texts: JSON.parse(row.texts), values: JSON.parse(row.others) },
      }
    }
  }

  /** Gives back the room of entries that were dropped. @throws SqliteError */
  shrink(): void {
    this.#db.exec('VACUUM')
  }

  close(): void {
    this.leave()
    this.#db.close()
  }
}

/** The file of the log of the database at `path`. */
export function logPath(path: string): string {
  return `${path}-redo`
}

/** The log of the database at `path`; null where it has none. @throws DatabaseError, SqliteError */
export function existingLog(path: string): RedoLog | null {
  return existsSync(logPath(path)) ? new RedoLog(path) : null
}

function prepareLog(db: Database.Database): string {
  if (formatOf(db) === 0) db.transaction(() => createLog(db)).immediate()
  if (formatOf(db) === FORMAT) return db.prepare<[], string>('SELECT id FROM log').pluck().get() as string
  throw new DatabaseError(
    `Cannot read the redo log ${db.name}: another version of Pinwheel has written it. Start and stop that version once.`,
  )
}

function formatOf(db: Database.Database): unknown {
  return db.pragma('user_version', { simple: true })
}

function createLog(db: Database.Database): void {
  // Another process may have been first.
  if (formatOf(db) !== 0) return
  db.exec(`
    CREATE TABLE entries (
      position INTEGER PRIMARY KEY,
      numbers BLOB NOT NULL,
      texts TEXT NOT NULL,
      others TEXT NOT NULL
    ) STRICT;
    CREATE TABLE log (id TEXT NOT NULL) STRICT;
    PRAGMA user_version = ${FORMAT};`)
  db.prepare('INSERT INTO log (id) VALUES (?)').run(randomUUID())
}
