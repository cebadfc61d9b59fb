// The database's own log, as SQLite tells of it.
import type Database from 'better-sqlite3'

/** How many pages of it are not in the file yet. @throws SqliteError */
export function pagesToCopy(db: Database.Database): number {
  const { log, checkpointed } = checkpoint(db, 'NOOP')
  return log - checkpointed
}

/**
 * Copies them to the file, and syncs that. True when all that was committed before is there; false where somebody still reads what was
 * before, or does the same.
 *
 * @throws SqliteError
 */
export function copyPages(db: Database.Database): boolean {
  const { busy, log, checkpointed } = checkpoint(db, 'PASSIVE')
  return busy === 0 && checkpointed >= log
}

interface Checkpoint {
  readonly busy: number
  /** Pages in the log, and how many of these are in the file. */
  readonly log: number
  readonly checkpointed: number
}

function checkpoint(db: Database.Database, mode: 'NOOP' | 'PASSIVE'): Checkpoint {
  const [pages] = db.pragma(`wal_checkpoint(${mode})`) as [Checkpoint]
  return pages
}
