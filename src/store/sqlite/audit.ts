import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { AuditedLedger, AuditVisitor } from '../port.ts'
import { findArchived, visitUnits } from '../scripts/unit-facts.ts'
import { findCells, findSnapshots } from './ledger-table.ts'
import { ScriptRunner } from './script-runner.ts'
import { asStoreError } from './store-failure.ts'

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric as it was at the
 * same instant. On a connection of its own, and with pauses, so that it holds up nobody; but what
 * is in memory has one connection, which must be free again before anybody else has a turn.
 *
 * @throws StoreUnavailableError
 */
export async function audit(
  main: Database.Database,
  experimentId: number,
  metricCount: number,
  visit: AuditVisitor,
): Promise<AuditedLedger[]> {
  let db = main
  try {
    if (!main.memory) db = new Database(main.name, { readonly: true, fileMustExist: true })
    db.exec('BEGIN')
    const scripts = new ScriptRunner(db)
    const snapshots = scripts.run(findSnapshots(experimentId))
    const visiting = visitUnits(experimentId, '', facts => visit(facts, snapshots))
    if (db === main) scripts.run(visiting)
    else await scripts.runPausing(visiting, nextTurn)
    return Array.from({ length: metricCount }, (_, metricPosition) => ({
      snapshots,
      cells: scripts.run(findCells(experimentId, metricPosition)),
      archived: scripts.run(findArchived(experimentId, metricPosition)),
    }))
  } catch (error) {
    throw asStoreError(error)
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK')
    if (db !== main) db.close()
  }
}
