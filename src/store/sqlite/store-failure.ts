// What the engine throws is the world's fault, unless it was asked to break a rule: that, like all
// else, is ours and passes.
import Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'

/** True when the engine could not do what it was rightly asked. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof Database.SqliteError && !error.code.startsWith('SQLITE_CONSTRAINT')
}

/** True when another connection is writing; then nothing was done. */
export function isLocked(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY'
}

export function asStoreError(error: unknown): unknown {
  return isStoreFailure(error) ? new StoreUnavailableError(error) : error
}
