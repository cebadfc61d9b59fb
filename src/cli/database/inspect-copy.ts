// Whether a copy is a sound database of Pinwheel's, and what is in it.
import Database from 'better-sqlite3'
import { type AppliedMigration, pendingMigrations, readMigrations } from '../../store/migrate.ts'
import { Failure } from '../terminal/failure.ts'
import { formatCountOf } from '../terminal/progress-bar.ts'

export interface Contents {
  readonly experiments: number
  readonly units: number
  /** When the last assignment, reward or change is dated, ms since 1970; null: there is none. */
  readonly newestFactAt: number | null
}

/**
 * Reads every page.
 *
 * @throws Failure where the file is damaged, or none of Pinwheel's
 * @throws DatabaseError where newer code has written it
 */
export function inspectCopy(path: string): Contents {
  const db = new Database(path, { readonly: true, fileMustExist: true })
  try {
    const verdict = db.pragma('integrity_check(1)', { simple: true })
    if (verdict !== 'ok') throw new Failure(`The file is damaged: ${verdict}`)
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'").get() === undefined) {
      throw new Failure('The file is no database of Pinwheel')
    }
    const applied = db.prepare<[], AppliedMigration>('SELECT number, name, checksum FROM migrations ORDER BY number')
    pendingMigrations(readMigrations('sqlite'), applied.all())
    return contentsOf(db)
  } finally {
    db.close()
  }
}

function contentsOf(db: Database.Database): Contents {
  const found = db
    .prepare<[], Contents>(`
      SELECT
        (SELECT count(*) FROM experiments) AS experiments,
        (SELECT coalesce(sum(units), 0) FROM snapshots) AS units,
        (SELECT max(at) FROM (
          SELECT max(last_assigned_at) AS at FROM snapshots
          UNION ALL SELECT max(at) FROM rewards
          UNION ALL SELECT max(at) FROM changes)) AS newestFactAt`)
    .get()
  if (found === undefined) throw new TypeError('A query without FROM had no row')
  return found
}

/** `2 experiments, 1,024 units, newest fact of 2026-11-22T10:05:00.000Z` */
export function contentsText({ experiments, units, newestFactAt }: Contents): string {
  const parts = [formatCountOf(experiments, 'experiment'), formatCountOf(units, 'unit')]
  if (newestFactAt !== null) parts.push(`newest fact of ${new Date(newestFactAt).toISOString()}`)
  return parts.join(', ')
}
