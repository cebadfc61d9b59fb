// DATABASE_URL → ArchiveStore.
import type { ArchiveStore } from '../../bandit/archive.ts'
import { parseUrl } from '../open.ts'
import { openPostgresArchive } from './postgres.ts'
import { openSqliteArchive } from './sqlite.ts'

/**
 * Opens a database that `openStore` has migrated, also while services use it.
 *
 * @throws DatabaseError
 */
export function openArchive(url: string): ArchiveStore {
  const { engine, path } = parseUrl(url)
  return engine === 'sqlite' ? openSqliteArchive(path) : openPostgresArchive(url)
}
