// The database file: opened, made durable, and brought up to date.
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DatabaseError } from '../database-error.ts'
import { type AppliedMigration, pendingMigrations, readMigrations } from '../migrate.ts'
import type { StoreSize } from '../port.ts'
import { isLocked } from './store-failure.ts'

/** Who opens it has the file to itself for a moment. */
const OPENING_TIMEOUT_MS = 3_000
const OPENING_RETRY_MS = 5

/** So long SQLite itself waits for another process' lock. */
const BUSY_TIMEOUT_MS = 250

/**
 * The log is copied to the file by anyone who commits, where nobody else sees to it, when it has so
 * many pages.
 */
const CHECKPOINT_PAGES = 16_000

/**
 * Opens or creates the database at `path` (`:memory:` for one that forgets), and migrates it. In
 * WAL mode with synchronous=FULL: a commit is on the disk when it returns.
 *
 * @throws DatabaseError
 */
export function openDatabase(path: string): Database.Database {
  let db: Database.Database | null = null
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    refuseRedoLog(path)
    db = new Database(path, { timeout: OPENING_TIMEOUT_MS })
    const mode = enterWal(db)
    if (mode !== 'wal' && !db.memory)
      throw new DatabaseError(`Cannot open the database ${path}: its disk allows no WAL`)
    db.pragma('synchronous = FULL')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma('foreign_keys = ON')
    migrate(db)
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    return db
  } catch (error) {
    db?.close()
    throw DatabaseError.from(path, error)
  }
}

/**
 * Answers the journal mode. Where several processes open a new file at once SQLite refuses all but
 * one of them, whatever the timeout.
 */
function enterWal(db: Database.Database): unknown {
  const deadline = performance.now() + OPENING_TIMEOUT_MS
  while (true) {
    try {
      return db.pragma('journal_mode = WAL', { simple: true })
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPENING_RETRY_MS)
    }
  }
}

/**
 * What holds the facts of a database: what is to be added to its name. Version 0.1.0 wrote the last
 * two.
 */
export const AT_REST = ['', '-wal', '-redo', '-redo-wal'] as const

/** The same, with what stands beside while it is used. */
export const FILES = [...AT_REST, '-shm', '-journal', '-mark', '-service', '-redo-shm', '-redo-journal'] as const

/** How large the file and its log are. */
export function sizeOf(db: Database.Database): StoreSize {
  const pages = db.pragma('page_count', { simple: true }) as number
  const pageBytes = db.pragma('page_size', { simple: true }) as number
  return {
    databaseBytes: pages * pageBytes,
    logBytes: statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  }
}

/**
 * Version 0.1.0 had a redo log beside the file, which it alone can carry over. A clean stop emptied
 * it.
 *
 * @throws DatabaseError, SqliteError
 */
export function refuseRedoLog(path: string): void {
  const redoPath = `${path}-redo`
  if (!existsSync(redoPath)) return
  const redo = new Database(redoPath, { readonly: true })
  try {
    const isMade = redo.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").get() !== undefined
    if (!isMade || redo.prepare('SELECT 1 FROM entries LIMIT 1').get() === undefined) return
  } finally {
    redo.close()
  }
  throw new DatabaseError(
    `Cannot open the database ${path}: its redo log ${redoPath} holds facts that only the version that wrote it can carry over ` +
      '(0.1.0, whose commit the CHANGELOG names). Start that version once, and stop it with SIGTERM.',
  )
}

function migrate(db: Database.Database): void {
  db.exec(`CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
  ) STRICT`)
  const findApplied = db.prepare<[], AppliedMigration>('SELECT number, name, checksum FROM migrations ORDER BY number')
  const insert = db.prepare('INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)')
  // Exclusive from the first read, so that of two processes that start at once the second finds the
  // work done.
  db.transaction(() => {
    // A file that may only be read is opened without a word; it is refused at the first command
    // that would change it.
    db.exec('UPDATE migrations SET name = name WHERE FALSE')
    for (const { number, name, sql, checksum } of pendingMigrations(readMigrations('sqlite'), findApplied.all())) {
      db.exec(sql)
      insert.run(number, name, checksum)
    }
  }).exclusive()
}
