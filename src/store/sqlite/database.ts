// The database file: opened, made durable, and brought up to date.
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { StoreSize } from '../../bandit/store.ts'
import { DatabaseError } from '../database-error.ts'
import { type AppliedMigration, pendingMigrations, readMigrations } from '../migrate.ts'
import { redoAll } from './redo.ts'
import { existingLog, logPath } from './redo-log.ts'

/** So long SQLite itself waits for another process' lock; the engine then tries again, see there. */
const BUSY_TIMEOUT_MS = 10

/** Who opens it has the file to itself for a moment. */
const OPENING_TIMEOUT_MS = 3_000

/**
 * The log is written back to the file whenever it has grown by so many pages of 4 KiB. Units come in no order, so each writes a page
 * of its own; the longer the log, the more of them meet there. With 1,000, SQLite's own, a reward took 80 µs instead of 47.
 */
const CHECKPOINT_PAGES = 16_000

/**
 * Opens or creates the database at `path` (`:memory:` for one that forgets), migrates it, and says again what a service that was killed
 * had only in its redo log; one that runs commits what it has there. So all that was acknowledged before is in it. Durable: WAL with
 * synchronous=FULL, so a commit that was answered is on the disk.
 *
 * @throws DatabaseError
 */
export function openDatabase(path: string): Database.Database {
  let db: Database.Database | null = null
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    db = new Database(path, { timeout: OPENING_TIMEOUT_MS })
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma('foreign_keys = ON')
    bringUpToDate(db, path)
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return db
  } catch (error) {
    db?.close()
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError(`Cannot open the database ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** What holds the facts of a database: what is to be added to its name. */
export const AT_REST = ['', '-wal', '-redo', '-redo-wal'] as const

/** The same, with what stands beside while it is used. */
export const FILES = [...AT_REST, '-shm', '-redo-shm', '-journal', '-redo-journal', '-service'] as const

/**
 * Has all that was acknowledged before written to the file, or the log beside it, by the service that uses it, or here where one was
 * killed. A copy may then be made of these two alone.
 *
 * @throws DatabaseError
 */
export function settleDatabase(path: string): void {
  if (existsSync(logPath(path))) openDatabase(path).close()
}

/** How large the file and its logs are. */
export function sizeOf(db: Database.Database): StoreSize {
  const pages = db.pragma('page_count', { simple: true }) as number
  const pageBytes = db.pragma('page_size', { simple: true }) as number
  const logs = [`${db.name}-wal`, logPath(db.name), `${logPath(db.name)}-wal`]
  const logBytes = logs.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
  return { databaseBytes: pages * pageBytes, logBytes }
}

function bringUpToDate(db: Database.Database, path: string): void {
  const log = path === ':memory:' ? null : existingLog(path)
  try {
    // See `knock`: a service that keeps a transaction open ends it now.
    log?.enter(OPENING_TIMEOUT_MS)
    migrate(db)
    if (log !== null) db.transaction(() => redoAll(db, log)).exclusive()
  } finally {
    log?.close()
  }
}

function migrate(db: Database.Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
  ) STRICT`)
  const findApplied = db.prepare<[], AppliedMigration>('SELECT number, name, checksum FROM migrations ORDER BY number')
  const insert = db.prepare('INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)')
  // Exclusive from the first read, so that of two processes that start at once the second finds the work done.
  db.transaction(() => {
    // A file that may only be read is opened without a word; it is refused at the first sentence that would change it.
    db.exec('UPDATE migrations SET name = name WHERE FALSE')
    for (const { number, name, sql, checksum } of pendingMigrations(readMigrations('sqlite'), findApplied.all())) {
      db.exec(sql)
      insert.run(number, name, checksum)
    }
  }).exclusive()
}
