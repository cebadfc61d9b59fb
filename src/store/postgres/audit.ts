import type { ArchivedCell, AuditedLedger, AuditVisitor } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { statement } from './connection/statement.ts'
import { findCells, findSnapshots } from './ledger-table.ts'
import { unitFacts } from './unit-facts.ts'

const FIND_ARCHIVED = statement<ArchivedCell>(`
  SELECT snapshot, arm, units, sum, sum_of_squares AS "sumOfSquares", rewards, delayed_rewards AS "delayedRewards",
    units_above AS "unitsAbove", units_below AS "unitsBelow", largest AS "largestOutcome", last_assigned_at AS "lastAssignedAt"
  FROM archived_tallies WHERE experiment_id = $1 AND metric = $2 ORDER BY snapshot, arm`)

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric as it was at the
 * same instant.
 *
 * @throws StoreUnavailableError
 */
export function audit(
  connection: Connection,
  experimentId: number,
  metricCount: number,
  visit: AuditVisitor,
): Promise<AuditedLedger[]> {
  return connection.atOneInstant(async tx => {
    const snapshots = await findSnapshots(tx, experimentId)
    for await (const page of unitFacts(tx, experimentId)) for (const facts of page) visit(facts, snapshots)
    const reading = Array.from({ length: metricCount }, async (_, metricPosition) => ({
      snapshots,
      cells: await findCells(tx, experimentId, metricPosition),
      archived: await tx.ask(FIND_ARCHIVED, [experimentId, metricPosition]),
    }))
    return Promise.all(reading)
  })
}
