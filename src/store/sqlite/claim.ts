// One service a file. Each knows its experiments and policies by heart, so a second one beside it would go on with stale ones.
import Database from 'better-sqlite3'
import { DatabaseError } from '../database-error.ts'

/** A service that is just being stopped has this long to let go. */
const PATIENCE_MS = 3_000

/**
 * Claims the database for this process until it ends, however it ends: the claim is a lock that the system takes back. Scripts that
 * only read need none. Answers how to let go.
 *
 * @throws DatabaseError when another service has it
 */
export function claimSqlite(path: string): () => void {
  if (path === ':memory:') return () => {}
  const claim = new Database(`${path}-service`, { timeout: PATIENCE_MS })
  try {
    claim.exec('BEGIN EXCLUSIVE')
    return () => claim.close()
  } catch (error) {
    claim.close()
    const message = `Cannot serve the database ${path}: another Pinwheel does already; stop that one, or name another file`
    throw new DatabaseError(message, { cause: error })
  }
}
