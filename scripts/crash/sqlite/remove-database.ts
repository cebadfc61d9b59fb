// A database of SQLite's is more than its file.
import { rmSync } from 'node:fs'
import { FILES } from '../../../src/store/sqlite/database.ts'

/** Removes the file and what stands beside it; what is not there need not be. */
export function removeDatabase(path: string): void {
  for (const suffix of FILES) rmSync(path + suffix, { force: true })
}
