// DATABASE_URL → Store.
import type { Store } from '../bandit/store.ts'
import { DatabaseError } from './database-error.ts'
import { claimSqlite } from './sqlite/claim.ts'
import { openSqlite, type SqliteOptions } from './sqlite/open.ts'

/**
 * Opens the store that a URL names and brings its schema up to date: `sqlite:./relative/path`, `sqlite:/absolute/path`, or
 * `sqlite::memory:`, which forgets. `onTurn` hears when commits begin to fail, with the engine's error, and with null when they
 * succeed again, and `onCommit` of each that does; `isThreaded` commits on a thread of its own.
 *
 * @throws DatabaseError for a URL of another kind, and for a database that cannot be opened or does not fit.
 */
export async function openStore(url: string, options: SqliteOptions = {}): Promise<Store> {
  return openSqlite(pathIn(url), options)
}

/**
 * Claims the store for a service, until the process ends or the answer is called; to be called before `openStore`. `patienceMs`: how
 * long a service that has it is waited for, unless the usual time.
 *
 * @throws DatabaseError when another service has it
 */
export function claimStore(url: string, patienceMs?: number): () => void {
  return claimSqlite(pathIn(url), patienceMs)
}

function pathIn(url: string): string {
  const separator = url.indexOf(':')
  const path = url.slice(separator + 1)
  if (url.slice(0, separator) === 'sqlite' && path !== '') return path
  throw new DatabaseError('Cannot open the database: DATABASE_URL must be sqlite:<path>, as sqlite:./data/pinwheel.db')
}
