// The database's own log, as SQLite tells of it.
import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'

/** How many pages of it are not in the file yet. @throws SqliteError */
export function pagesToCopy(db: Database.Database): number {
  const { log, checkpointed } = checkpoint(db, 'NOOP')
  return log - checkpointed
}

/**
 * Copies them to the file. True when all that was committed before is there; false where somebody still reads what was before, or
 * does the same. Synced where nobody has committed meanwhile; else the next call syncs this too. So where the sync fails, nobody may
 * call it again, nor close the database: the process ends at once. The next one copies everything anew.
 *
 * @throws SqliteError
 */
export function copyPages(db: Database.Database): boolean {
  try {
    const { busy, log, checkpointed } = checkpoint(db, 'PASSIVE')
    return busy === 0 && checkpointed >= log
  } catch (error) {
    if (isSyncFailure(error)) endAtOnce(db, error)
    throw error
  }
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

/** Of what the system could not write it may believe afterwards that it has. */
function isSyncFailure(error: unknown): error is Error {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_IOERR_FSYNC'
}

function endAtOnce({ name }: Database.Database, { message }: Error): void {
  const why = `${name} could not be synced (${message}). The service ends, so that the next start writes all of it again.`
  writeSync(2, `${JSON.stringify({ level: 60, time: Date.now(), msg: why })}\n`)
  process.kill(process.pid, 'SIGKILL')
}
