// Reports expected failures of work on a database in a sentence; defects of the code keep their
// stack.
import Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { DatabaseError } from '../../store/database-error.ts'
import { Failure } from './failure.ts'

/** Runs `work`. @throws Failure that begins with `what`, as `Cannot back up x.db` */
export async function reportFailure<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const cause = error instanceof StoreUnavailableError ? error.cause : error
    const isExpected =
      error instanceof StoreUnavailableError ||
      cause instanceof Failure ||
      cause instanceof DatabaseError ||
      cause instanceof Database.SqliteError
    if (isExpected || isOfSystem(cause)) throw new Failure(`${what}: ${(cause as Error).message}`)
    throw error
  }
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Aborted by the first SIGINT or SIGTERM, so that what was begun is tidied away. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Failure(`interrupted by ${signal}`)))
  }
  return controller.signal
}
