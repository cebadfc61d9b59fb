// DATABASE_URL → Store.
import type { Store } from '../bandit/store.ts'
import { openSqlite } from './sqlite/open.ts'

/**
 * Opens the store that a URL names and brings its schema up to date: `sqlite:./relative/path`, `sqlite:/absolute/path`, or
 * `sqlite::memory:`, which forgets.
 *
 * @throws RangeError for a URL of another kind, MigrationError for a database that does not fit.
 */
export async function openStore(url: string): Promise<Store> {
  const separator = url.indexOf(':')
  const scheme = url.slice(0, separator)
  const rest = url.slice(separator + 1)
  if (scheme === 'sqlite' && rest !== '') return openSqlite(rest)
  throw new RangeError(
    `Cannot open the store "${scheme}:…": DATABASE_URL must be sqlite:<path>, as sqlite:./data/pinwheel.db`,
  )
}
