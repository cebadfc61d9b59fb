// A database of SQLite's is more than its file.
import { rmSync } from 'node:fs'

/** Removes the file and what stands beside it; what is not there need not be. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal', '-service']) rmSync(path + suffix, { force: true })
}
