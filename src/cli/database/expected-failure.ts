// What can go wrong with a database ends a command with one message; an error in the code keeps its
// stack.
import Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { DatabaseError } from '../../store/database-error.ts'
import { Failure } from '../terminal/failure.ts'

/** Runs `work`. @throws Failure that begins with `what`, as `Cannot back up x.db` */
export async function withFailure<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const cause = error instanceof StoreUnavailableError ? (error.cause as Error) : error
    if (error !== cause || isExpected(cause)) throw new Failure(`${what}: ${(cause as Error).message}`)
    throw error
  }
}

function isExpected(error: unknown): boolean {
  if ([Failure, DatabaseError, Database.SqliteError].some(kind => error instanceof kind)) return true
  return error instanceof Error && 'syscall' in error
}

/** Aborted by the first SIGINT or SIGTERM, so that unfinished files are removed. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Failure(`interrupted by ${signal}`)))
  }
  return controller.signal
}
