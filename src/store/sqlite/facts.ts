import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { TotalsPage } from '../../bandit/store.ts'
import type { Sentences } from '../sentences.ts'

const COLUMNS = 'unit, arm, propensity, snapshot, assigned_at AS assignedAt'

export function factSentences(db: Database.Database): Pick<Sentences, 'readTotals'> {
  const readPage = db.prepare<[number, string, number], Assignment>(`
    SELECT ${COLUMNS} FROM assignments WHERE experiment_id = ? AND unit > ? ORDER BY unit LIMIT ?`)

  // The first row is the latest: see migration 6.
  const findTotal = db.prepare<[number, string, number], { total: number }>(`
    SELECT total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric = ?`)

  const readTotals = db.transaction((experimentId: number, { after, limit, metricCount }: TotalsPage) =>
    readPage.all(experimentId, after ?? '', limit).map(assignment => ({
      ...assignment,
      totals: Array.from(
        { length: metricCount },
        (_, metricPosition) => findTotal.get(experimentId, assignment.unit, metricPosition)?.total ?? 0,
      ),
    })),
  )

  return { readTotals }
}
