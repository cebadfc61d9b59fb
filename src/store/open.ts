// DATABASE_URL → Store.
import type { Store } from '../bandit/store.ts'
import { DatabaseError } from './database-error.ts'
import { openSqlite } from './sqlite/open.ts'

/**
 * Opens the store that a URL names and brings its schema up to date: `sqlite:./relative/path`, `sqlite:/absolute/path`, or
 * `sqlite::memory:`, which forgets.
 *
 * @throws DatabaseError for a URL of another kind, and for a database that cannot be opened or does not fit.
 */
export async function openStore(url: string): Promise<Store> {
  const separator = url.indexOf(':')
  const path = url.slice(separator + 1)
  if (url.slice(0, separator) === 'sqlite' && path !== '') return openSqlite(path)
  throw new DatabaseError('Cannot open the database: DATABASE_URL must be sqlite:<path>, as sqlite:./data/pinwheel.db')
}
