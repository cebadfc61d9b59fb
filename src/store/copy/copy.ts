// Carries a whole database over into an empty one, on the same engine or on the other: rows go from
// table to table in slices, and all of them are there in the end, or none is.
import { existsSync } from 'node:fs'
import { DatabaseError } from '../database-error.ts'
import { claimStore, parseUrl } from '../open.ts'
import { openPostgresSource, openPostgresTarget } from './postgres.ts'
import { openSqliteSource, openSqliteTarget } from './sqlite.ts'
import { type CopySource, type CopyTarget, TABLES, type Table } from './tables.ts'

export interface CopyOptions {
  /** URLs as in DATABASE_URL. */
  readonly from: string
  readonly to: string
  /** Rows of all tables. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Aborted: the copy ends with its reason, and the target is as it was. */
  readonly signal?: AbortSignal | undefined
}

/** How many rows each table has. */
export type RowCounts = ReadonlyMap<string, number>

/** Anyone who copies has stopped the services. */
const PATIENCE_MS = 0

/**
 * Copies `from`, as it is at one instant, to `to`, which must be empty; it is created, and brought
 * to this code's schema, as is `from`. Answers how many rows each table has, there and here.
 *
 * @throws DatabaseError, StoreUnavailableError, SqliteError
 */
export async function copyStore({ from, to, ...running }: CopyOptions): Promise<RowCounts> {
  const { engine, path } = parseUrl(from)
  if (engine === 'sqlite' && !existsSync(path)) throw new DatabaseError(`there is no file ${path}`)
  if (parseUrl(to).path === ':memory:') throw new DatabaseError('a target in memory would be gone at once')
  const claims = [claimStore(from, PATIENCE_MS)]
  try {
    claims.push(claimStore(to, PATIENCE_MS))
    const source = engine === 'sqlite' ? openSqliteSource(path) : await openPostgresSource(from)
    try {
      return await fill(source, to, running)
    } finally {
      await source.close()
    }
  } finally {
    for (const release of claims) release()
  }
}

async function fill(
  source: CopySource,
  to: string,
  { onProgress, signal }: Omit<CopyOptions, 'from' | 'to'>,
): Promise<RowCounts> {
  const { engine, path } = parseUrl(to)
  const target = engine === 'sqlite' ? openSqliteTarget(path) : await openPostgresTarget(to)
  try {
    for (const [table, rows] of await countRows(target)) {
      if (rows > 0)
        throw new DatabaseError(`the target is not empty: its table ${table} has ${rows} rows; name a new database`)
    }
    const counts = await countRows(source)
    const total = [...counts.values()].reduce((sum, rows) => sum + rows, 0)
    let done = 0
    for (const table of TABLES) {
      await carryTable(source, target, table, rows => {
        signal?.throwIfAborted()
        done += rows
        onProgress?.(done, total)
      })
    }
    for (const [table, rows] of await countRows(target)) {
      if (rows !== counts.get(table))
        throw new DatabaseError(`of ${counts.get(table)} rows of the table ${table} the target has ${rows}`)
    }
    await target.commit()
    return counts
  } finally {
    await target.close()
  }
}

/** One slice is read while the one before it is written. */
async function carryTable(
  source: CopySource,
  target: CopyTarget,
  table: Table,
  onSlice: (rows: number) => void,
): Promise<void> {
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const rows of source.read(table)) {
      await writing
      onSlice(rows.length)
      writing = target.write(table, rows)
      // Heard of at the next await, whatever is read until then.
      writing.catch(() => {})
    }
  } finally {
    await writing
  }
}

async function countRows(side: CopySource | CopyTarget): Promise<RowCounts> {
  const counts = new Map<string, number>()
  for (const table of TABLES) counts.set(table.name, await side.count(table))
  return counts
}
