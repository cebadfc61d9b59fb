import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { Store, StoredLedger, StoredReward, TotalsPage, UnitFacts } from '../../bandit/store.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { LedgerTable } from './ledger-table.ts'

type Sentences = Pick<Store, 'readTotals' | 'audit'>

type RewardRow = Omit<StoredReward, 'isCounted'> & { readonly counted: 0 | 1 }

const COLUMNS = 'unit, arm, propensity, snapshot, assigned_at AS assignedAt'

export function factSentences(db: Database.Database, queue: CommitQueue, ledger: LedgerTable): Sentences {
  const readPage = db.prepare<[number, string, number], Assignment>(`
    SELECT ${COLUMNS} FROM assignments WHERE experiment_id = ? AND unit > ? ORDER BY unit LIMIT ?`)

  const findTotal = db.prepare<[number, string, number], { total: number }>(`
    SELECT total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric = ? ORDER BY sequence DESC LIMIT 1`)

  const readAssignments = db.prepare<[number], Assignment>(`
    SELECT ${COLUMNS} FROM assignments WHERE experiment_id = ? ORDER BY unit`)

  const readRewards = db.prepare<[number, string], RewardRow>(`
    SELECT metric AS metricPosition, value, at, counted, total
    FROM rewards WHERE experiment_id = ? AND unit = ? ORDER BY metric, sequence`)

  const readTotals = db.transaction((experimentId: number, { after, limit, metricCount }: TotalsPage) =>
    readPage.all(experimentId, after ?? '', limit).map(assignment => ({
      ...assignment,
      totals: Array.from(
        { length: metricCount },
        (_, metricPosition) => findTotal.get(experimentId, assignment.unit, metricPosition)?.total ?? 0,
      ),
    })),
  )

  const audit = db.transaction(
    (experimentId: number, metricCount: number, visit: (facts: UnitFacts) => void): StoredLedger[] => {
      for (const assignment of readAssignments.iterate(experimentId)) {
        visit({ ...assignment, rewards: readRewards.all(experimentId, assignment.unit).map(storedRewardOf) })
      }
      return Array.from({ length: metricCount }, (_, metricPosition) => ledger.readTables(experimentId, metricPosition))
    },
  )

  return {
    readTotals: (experimentId, page) => queue.read(() => readTotals(experimentId, page)),

    audit: (experimentId, metricCount, visit) => queue.read(() => audit(experimentId, metricCount, visit)),
  }
}

function storedRewardOf({ counted, ...row }: RewardRow): StoredReward {
  return { ...row, isCounted: counted === 1 }
}
