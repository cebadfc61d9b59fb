// After a sync that failed the system may take for written what it could not write, and says so to
// nobody a second time. So the process ends as if it were killed, and the next start reads what is
// on the disk.
import { writeSync } from 'node:fs'
import Database from 'better-sqlite3'

/**
 * True for a sync by SQLite itself: in a checkpoint, or of the header of a log that begins anew.
 */
export function isSyncFailure(error: unknown): error is Error {
  return error instanceof Database.SqliteError && /^SQLITE_IOERR_(DIR_)?FSYNC$/.test(error.code)
}

export function endAtOnce(file: string, { message }: Error): void {
  const why = `${file} could not be synced (${message}). The service ends, so that the next start reads what is on the disk.`
  writeSync(2, `${JSON.stringify({ level: 60, time: Date.now(), msg: why })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

/**
 * Does `work`, and ends the process when a sync in it fails. @throws whatever else `work` throws
 */
export function endingOnSyncFailure<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (isSyncFailure(error)) endAtOnce(file, error)
    throw error
  }
}
