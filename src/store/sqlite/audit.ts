import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { ArchivedCell, AuditedLedger, AuditVisitor } from '../port.ts'
import { LedgerTable } from './ledger-table.ts'
import { asStoreError } from './store-failure.ts'
import { unitFacts } from './unit-facts.ts'

/** So many units are read in some milliseconds. */
const UNITS_A_TURN = 500

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric as it was at the
 * same instant. On a connection of its own, and with pauses, so that it holds up nobody.
 *
 * @throws StoreUnavailableError
 */
export async function auditFile(path: string, ...args: [number, number, AuditVisitor]): Promise<AuditedLedger[]> {
  let db: Database.Database | null = null
  try {
    db = new Database(path, { readonly: true, fileMustExist: true })
    return await audit(db, nextTurn, ...args)
  } catch (error) {
    throw asStoreError(error)
  } finally {
    db?.close()
  }
}

/**
 * The same over a connection that is used meanwhile, and so without pauses. @throws
 * StoreUnavailableError
 */
export async function auditMemory(
  db: Database.Database,
  ...args: [number, number, AuditVisitor]
): Promise<AuditedLedger[]> {
  try {
    return await audit(db, null, ...args)
  } catch (error) {
    throw asStoreError(error)
  }
}

async function audit(
  db: Database.Database,
  pause: (() => Promise<unknown>) | null,
  experimentId: number,
  metricCount: number,
  visit: AuditVisitor,
): Promise<AuditedLedger[]> {
  db.exec('BEGIN')
  try {
    const table = new LedgerTable(db)
    const snapshots = table.findSnapshots(experimentId)
    let units = 0
    for (const facts of unitFacts(db, experimentId)) {
      visit(facts, snapshots)
      if (pause !== null && ++units % UNITS_A_TURN === 0) await pause()
    }
    const findArchived = archivedFinder(db)
    return Array.from({ length: metricCount }, (_, metricPosition) => ({
      snapshots,
      // From the table, past any copy in memory.
      cells: table.findCells(experimentId, metricPosition),
      archived: findArchived.all(experimentId, metricPosition),
    }))
  } finally {
    db.exec('ROLLBACK')
  }
}

function archivedFinder(db: Database.Database): Database.Statement<[number, number], ArchivedCell> {
  return db.prepare(`
    SELECT snapshot, arm, units, sum, sum_of_squares AS sumOfSquares, rewards, delayed_rewards AS delayedRewards,
      units_above AS unitsAbove, units_below AS unitsBelow, largest AS largestOutcome, last_assigned_at AS lastAssignedAt
    FROM archived_tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)
}
