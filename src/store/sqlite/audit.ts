import type Database from 'better-sqlite3'
import type { ArchivedCell, AuditedLedger, UnitFacts } from '../../bandit/store.ts'
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
  visit: (facts: UnitFacts) => void,
): AuditedLedger[] {
  try {
    return db.transaction(() => {
      for (const facts of unitFacts(db, experimentId)) visit(facts)
      return readLedgers(db, experimentId, metricCount)
    })()
  } catch (error) {
    throw asStoreError(error)
  }
}

/** From the tables, past any copy in memory. */
function readLedgers(db: Database.Database, experimentId: number, metricCount: number): AuditedLedger[] {
  const findArchived = db.prepare<[number, number], ArchivedCell>(`
    SELECT snapshot, arm, units, sum, sum_of_squares AS sumOfSquares, rewards, delayed_rewards AS delayedRewards,
      last_assigned_at AS lastAssignedAt
    FROM archived_tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)

  const table = new LedgerTable(db)
  const snapshots = table.findSnapshots(experimentId)
  return Array.from({ length: metricCount }, (_, metricPosition) => ({
    snapshots,
    cells: table.findCells(experimentId, metricPosition),
    archived: findArchived.all(experimentId, metricPosition),
  }))
}
