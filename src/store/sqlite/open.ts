// The SQLite twin: one file, nothing to install.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { CallQueue } from '../call-queue.ts'
import { type Call, type CommandName, storeOf, WRITES } from '../commands.ts'
import { DatabaseError } from '../database-error.ts'
import { healthNotes, type StoreListeners } from '../health.ts'
import type { ReportFacts, Store } from '../port.ts'
import { openDatabase } from './database.ts'
import { Engine } from './engine.ts'
import type { SyncFile } from './files/wal-sync.ts'

export interface SqliteOptions extends StoreListeners {
  /**
   * By a service, which keeps the log short beside the requests and looks whether its files are
   * what they were.
   */
  readonly isServed?: boolean
  /** In place of the disk's own, for tests that cut the power. */
  readonly sync?: SyncFile | undefined
}

/** Reads of what product code or an export is told: only once it is on the disk. */
const BARRED: ReadonlySet<CommandName> = new Set(['findAssignments', 'readTotals'] satisfies CommandName[])

const SILENCE = 'The disk does not answer'

/**
 * So many rows take some ten milliseconds, in which nobody is answered, and no other process can
 * write.
 */
const MOST_ROWS = 500

/**
 * Opens or creates the database at `path` (`:memory:` for one that forgets) and migrates it.
 *
 * @throws DatabaseError
 */
export async function openSqlite(
  path: string,
  { isServed = false, onHealthChange = () => {}, onCommit = () => {}, sync }: SqliteOptions = {},
): Promise<Store> {
  const note = healthNotes(onHealthChange)
  const engine = openEngine(path, { isServed, onFailure: note, onCommit, sync })
  const onHang = (hangs: boolean) => note('disk', hangs ? new Error(SILENCE) : null)
  const queue = new CallQueue(engine, onHang, { mostRows: MOST_ROWS, silence: SILENCE })
  const ask = (call: Call): Promise<unknown> =>
    WRITES.has(call.name) || BARRED.has(call.name) ? queue.ask(call.name, ...(call.args as never)) : engine.read(call)
  return storeOf(ask, {
    async findAssignments(experimentId, units) {
      try {
        return await queue.ask('findAssignments', experimentId, units)
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error
        return engine.findSynced(experimentId, units)
      }
    },
    async readReportFacts(experimentId, metricPositions) {
      // The copy in memory is filled metric by metric: no turn of the event loop reads all tables.
      for (const position of metricPositions.slice(1)) {
        await engine.read({ name: 'readLedger', args: [experimentId, position] })
        await nextTurn()
      }
      return engine.read({ name: 'readReportFacts', args: [experimentId, metricPositions] }) as Promise<ReportFacts>
    },
    audit: (...args) => engine.audit(...args),
    countWaiting: async () => queue.depth,
    async close() {
      await queue.close()
      await engine.close()
    },
  })
}

/** @throws DatabaseError */
function openEngine(path: string, options: ConstructorParameters<typeof Engine>[1]): Engine {
  const db = openDatabase(path)
  try {
    return new Engine(db, options)
  } catch (error) {
    db.close()
    throw DatabaseError.from(path, error)
  }
}
