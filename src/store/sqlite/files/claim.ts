// One service a file. Each knows its experiments and policies by heart, so a second one beside it
// would go on with stale ones.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DatabaseError } from '../../database-error.ts'

/** A service that is just being stopped has this long to let go. */
const PATIENCE_MS = 3_000

/**
 * Claims the database for this process until it ends, however it ends: the claim is a lock that the
 * system takes back. Made before the database is opened, so that nobody changes its schema, or puts
 * another file in its place, under a process that has it. Scripts that only read need none. Answers
 * how to let go.
 *
 * @throws DatabaseError when another service has it
 */
export function claimSqlite(path: string, patienceMs = PATIENCE_MS): () => void {
  if (path === ':memory:') return () => {}
  let claim: Database.Database | null = null
  try {
    mkdirSync(dirname(path), { recursive: true })
    const held = new Database(`${path}-service`, { timeout: patienceMs })
    claim = held
    held.exec('BEGIN EXCLUSIVE')
    // SQLite takes no lock on a file that may only be read, and says nothing.
    accessSync(`${path}-service`, constants.W_OK)
    return () => held.close()
  } catch (error) {
    claim?.close()
    const { code, message } = error as NodeJS.ErrnoException
    const told =
      code === 'SQLITE_BUSY'
        ? `Cannot serve the database ${path}: another Pinwheel does already; stop that one, or name another file`
        : `Cannot open the database ${path}: its claim ${path}-service cannot be written: ${message}`
    throw new DatabaseError(told, { cause: error })
  }
}
