// How others get to write to a database whose service keeps a transaction open.
import { existingLog, type RedoLog } from './redo-log.ts'

/**
 * Does `work`, which waits for the database at `path`, while the service that uses it is told that somebody waits: it finds the lock of
 * its redo log taken, commits, and lets the other one write first. `work` gets that log, where there is one.
 *
 * @throws DatabaseError, SqliteError
 */
export function knocking<Result>(path: string, patienceMs: number, work: (log: RedoLog | null) => Result): Result {
  const log = existingLog(path)
  try {
    log?.enter(patienceMs)
    return work(log)
  } finally {
    log?.close()
  }
}
