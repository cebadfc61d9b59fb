// What can go wrong with a database ends a command with one message; an error in the code keeps its
// stack.
import Database from 'better-sqlite3'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { DatabaseError } from '../../store/database-error.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/port.ts'
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

/** Runs `work` on the store of a URL. @throws Failure that begins with `what` */
export function withStore(what: string, url: string, work: (store: Store) => Promise<void>): Promise<void> {
  return withFailure(what, async () => {
    const store = await openStore(url)
    await work(store).finally(() => store.close())
  })
}

/** Aborted by the first SIGINT or SIGTERM, so that unfinished files are removed. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Failure(`interrupted by ${signal}`)))
  }
  return controller.signal
}
