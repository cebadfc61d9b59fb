// Numbered SQL files, run once, in order. A file that ran is immutable: its checksum is kept and
// compared at every start, and a database that has migrations this code does not know is refused,
// because it was written by newer code.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseError } from './database-error.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

export type AppliedMigration = Pick<Migration, 'number' | 'name' | 'checksum'>

/** The migrations of an engine, in order: `migrations/<engine>/NNNN_verb_noun.sql`. */
export function readMigrations(engine: 'sqlite' | 'postgres'): Migration[] {
  const folder = new URL(`../../migrations/${engine}/`, import.meta.url)
  return readdirSync(folder)
    .filter(file => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .map(file => {
      const sql = readFileSync(new URL(file, folder), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number: Number(file.slice(0, 4)), name: file.slice(5, -4), sql, checksum }
    })
}

/**
 * The migrations still to run on a database that has had `applied`.
 *
 * @throws DatabaseError when the database is newer than this code, or a migration was edited after
 * it ran.
 */
export function pendingMigrations(known: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const byNumber = new Map(known.map(migration => [migration.number, migration]))
  for (const { number, name, checksum } of applied) {
    const migration = byNumber.get(number)
    if (migration === undefined) {
      throw new DatabaseError(
        `Cannot open the database: it has migration ${number} (${name}), which this version of Pinwheel does not know. Start a newer Pinwheel.`,
      )
    }
    if (migration.checksum !== checksum) {
      throw new DatabaseError(
        `Cannot open the database: migration ${number} (${name}) was edited after it had run. Restore the file as it was, and add a new migration instead.`,
      )
    }
  }
  const done = new Set(applied.map(migration => migration.number))
  return known.filter(migration => !done.has(migration.number))
}
