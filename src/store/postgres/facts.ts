import type { AssignmentStore, UnitTotals } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { statement } from './connection/statement.ts'

const READ_TOTALS = statement<UnitTotals>(`
  SELECT unit, arm, propensity, snapshot, assigned_at AS "assignedAt",
    ARRAY(
      SELECT coalesce((
        SELECT total FROM rewards
        WHERE experiment_id = $1 AND unit = page.unit AND metric = position
        ORDER BY sequence DESC LIMIT 1
      ), 0)
      FROM generate_series(0, $4::integer - 1) AS position ORDER BY position
    ) AS totals
  FROM (
    SELECT unit, arm, propensity, snapshot, assigned_at
    FROM assignments WHERE experiment_id = $1 AND unit > $2 ORDER BY unit LIMIT $3
  ) AS page ORDER BY unit`)

export function factCommands(connection: Connection): Pick<AssignmentStore, 'readTotals'> {
  return {
    readTotals: (experimentId, { after, limit, metricCount }) =>
      connection.ask(READ_TOTALS, [experimentId, after ?? '', limit, metricCount]),
  }
}
