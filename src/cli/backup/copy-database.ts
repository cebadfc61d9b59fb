// A copy of a SQLite file as it was at one instant, while others write to it. SQLite's backup
// starts over whenever another process has written since its last step, and would never end under
// load: measured, 3,000 steps of 1,000 pages on a file of 10,000. So the reading connection holds
// one transaction over all steps. In WAL mode that keeps no writer waiting; the log only grows
// meanwhile, since what the reader may still need is not overwritten.
import Database from 'better-sqlite3'

/**
 * 4 MiB at the usual size: some milliseconds, so that a progress bar can move and an interruption
 * is noticed.
 */
const PAGES_A_STEP = 1_000

export interface CopyOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Aborted: the copy ends with its reason. What was written so far stays. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies the database at `from`, its write-ahead log included, to the new file `to`, which then is
 * whole by itself: it has no log beside it, and can be read from a folder that may not be written.
 *
 * @throws SqliteError
 */
export async function copyDatabase(from: string, to: string, { onProgress, signal }: CopyOptions = {}): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true })
  try {
    source.exec('BEGIN')
    // A transaction begins with its first look.
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted()
        onProgress?.(totalPages - remainingPages, totalPages)
        return PAGES_A_STEP
      },
    })
  } finally {
    source.close()
  }
  const copy = new Database(to)
  copy.pragma('journal_mode = DELETE')
  copy.close()
}
