import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { StoreCommands } from '../commands.ts'
import type { TotalsPage } from '../port.ts'

const COLUMNS = 'unit, arm, propensity, snapshot, assigned_at AS assignedAt'

export function factCommands(db: Database.Database): Pick<StoreCommands, 'readTotals'> {
  const readPage = db.prepare<[number, string, number], Assignment>(`
    SELECT ${COLUMNS} FROM assignments WHERE experiment_id = ? AND unit > ? ORDER BY unit LIMIT ?`)

  // The first row of a metric is the latest: see migration 6. From one metric that has rewards to
  // the next, since most have none.
  const findTotal = db.prepare<[number, string, number], { metric: number; total: number }>(`
    SELECT metric, total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric >= ? LIMIT 1`)

  const totalsOf = (experimentId: number, unit: string, metricCount: number): number[] => {
    const totals = new Array<number>(metricCount).fill(0)
    for (let from = 0; from < metricCount; ) {
      const found = findTotal.get(experimentId, unit, from)
      if (found === undefined || found.metric >= metricCount) break
      totals[found.metric] = found.total
      from = found.metric + 1
    }
    return totals
  }

  const readTotals = db.transaction((experimentId: number, { after, limit, metricCount }: TotalsPage) =>
    readPage.all(experimentId, after ?? '', limit).map(assignment => ({
      ...assignment,
      totals: totalsOf(experimentId, assignment.unit, metricCount),
    })),
  )

  return { readTotals }
}
