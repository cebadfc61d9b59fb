// DATABASE_URL → Store.

import { DatabaseError } from './database-error.ts'
import type { Store } from './port.ts'
import type { PostgresOptions } from './postgres/open.ts'
import { claimSqlite } from './sqlite/files/claim.ts'
import { openSqlite, type SqliteOptions } from './sqlite/open.ts'

export type StoreOptions = SqliteOptions & PostgresOptions

/**
 * Opens the store that a URL names and brings its schema up to date: `sqlite:./relative/path`,
 * `sqlite:/absolute/path`, or `sqlite::memory:`, which forgets;
 * `postgres://user:password@host/database`. `onHealthChange` hears when commits begin to fail, with
 * the engine's error, and with null when they succeed again, and `onCommit` of each that does.
 * SQLite: `isServed` for a service, which looks after its files. PostgreSQL: `onNews` hears when
 * another process has changed something.
 *
 * @throws DatabaseError for a URL of another kind, and for a database that cannot be opened or does
 * not fit.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const { engine, path } = parseUrl(url)
  if (engine === 'sqlite') return openSqlite(path, options)
  // A service on SQLite starts without the other half.
  const { openPostgres } = await import('./postgres/open.ts')
  return openPostgres(url, options)
}

/**
 * Claims the store for a service, until the process ends or the answer is called; to be called
 * before `openStore`. `patienceMs`: how long a service that has it is waited for, unless the usual
 * time. A PostgreSQL database may have many.
 *
 * @throws DatabaseError when another service has it
 */
export function claimStore(url: string, patienceMs?: number): () => void {
  const { engine, path } = parseUrl(url)
  return engine === 'sqlite' ? claimSqlite(path, patienceMs) : () => {}
}

/** @throws DatabaseError */
export function parseUrl(url: string): { readonly engine: 'sqlite' | 'postgres'; readonly path: string } {
  const separator = url.indexOf(':')
  const path = url.slice(separator + 1)
  if (url.slice(0, separator) === 'sqlite' && path !== '') return { engine: 'sqlite', path }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { engine: 'postgres', path }
  throw new DatabaseError(
    'Cannot open the database: DATABASE_URL must be sqlite:<path>, as sqlite:./data/pinwheel.db, or postgres://<user>:<password>@<host>/<database>',
  )
}
