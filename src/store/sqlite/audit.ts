import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { StoredLedger, StoredReward, UnitFacts } from '../../bandit/store.ts'
import { LedgerTable } from './ledger-table.ts'
import { asStoreError } from './trouble.ts'

type RewardRow = Omit<StoredReward, 'isCounted'> & { readonly counted: 0 | 1 }

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
): StoredLedger[] {
  try {
    return db.transaction(() => {
      showUnits(db, experimentId, visit)
      return readLedgers(db, experimentId, metricCount)
    })()
  } catch (error) {
    throw asStoreError(error)
  }
}

function showUnits(db: Database.Database, experimentId: number, visit: (facts: UnitFacts) => void): void {
  const readAssignments = db.prepare<[number], Assignment>(`
    SELECT unit, arm, propensity, snapshot, assigned_at AS assignedAt
    FROM assignments WHERE experiment_id = ? ORDER BY unit`)

  const readRewards = db.prepare<[number, string], RewardRow>(`
    SELECT metric AS metricPosition, value, at, counted, total
    FROM rewards WHERE experiment_id = ? AND unit = ? ORDER BY metric, sequence`)

  for (const assignment of readAssignments.iterate(experimentId)) {
    visit({ ...assignment, rewards: readRewards.all(experimentId, assignment.unit).map(storedRewardOf) })
  }
}

/** From the tables, past any copy in memory. */
function readLedgers(db: Database.Database, experimentId: number, metricCount: number): StoredLedger[] {
  const table = new LedgerTable(db)
  const snapshots = table.findSnapshots(experimentId)
  return Array.from({ length: metricCount }, (_, metricPosition) => ({
    snapshots,
    cells: table.findCells(experimentId, metricPosition),
  }))
}

function storedRewardOf({ counted, ...row }: RewardRow): StoredReward {
  return { ...row, isCounted: counted === 1 }
}
