import type { AuditedLedger, AuditVisitor } from '../port.ts'
import { findArchived, visitUnits } from '../scripts/unit-facts.ts'
import type { Connection } from './connection/connection.ts'
import { findCells, findSnapshots } from './ledger-table.ts'

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
    await tx.run(visitUnits(experimentId, '', facts => visit(facts, snapshots)))
    const reading = Array.from({ length: metricCount }, async (_, metricPosition) => ({
      snapshots,
      cells: await findCells(tx, experimentId, metricPosition),
      archived: await tx.run(findArchived(experimentId, metricPosition)),
    }))
    return Promise.all(reading)
  })
}
