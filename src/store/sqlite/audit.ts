import type Database from 'better-sqlite3'
import type { ArchivedCell, AuditedLedger, AuditVisitor } from '../../bandit/store.ts'
import { LedgerTable } from './ledger-table.ts'
import { asStoreError } from './trouble.ts'
import { unitFacts } from './unit-facts.ts'

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric as it was at the same instant.
 *
 * @throws StoreUnavailableError
 */
export function audit(
  db: Database.Database,
  experimentId: number,
  metricCount: number,
  visit: AuditVisitor,
): AuditedLedger[] {
  try {
    return db.transaction(() => {
      const table = new LedgerTable(db)
      const snapshots = table.findSnapshots(experimentId)
      for (const facts of unitFacts(db, experimentId)) visit(facts, snapshots)
      const findArchived = archivedFinder(db)
      return Array.from({ length: metricCount }, (_, metricPosition) => ({
        snapshots,
        // From the table, past any copy in memory.
        cells: table.findCells(experimentId, metricPosition),
        archived: findArchived.all(experimentId, metricPosition),
      }))
    })()
  } catch (error) {
    throw asStoreError(error)
  }
}

function archivedFinder(db: Database.Database): Database.Statement<[number, number], ArchivedCell> {
  return db.prepare(`
    SELECT snapshot, arm, units, sum, sum_of_squares AS sumOfSquares, rewards, delayed_rewards AS delayedRewards,
      units_above AS unitsAbove, units_below AS unitsBelow, largest AS largestOutcome, last_assigned_at AS lastAssignedAt
    FROM archived_tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)
}
