import { setImmediate as nextTurn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { AuditedLedger, AuditVisitor } from '../port.ts'
import * as scripts from '../scripts/unit-facts.ts'
import * as ledgerScripts from './ledger-table.ts'
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
  ...args: [experimentId: number, metricCount: number, visit: AuditVisitor]
): Promise<AuditedLedger[]> {
  let db = main
  try {
    if (!main.memory) db = new Database(main.name, { readonly: true, fileMustExist: true })
    db.exec('BEGIN')
    const runner = new ScriptRunner(db)
    const script = scripts.audit(ledgerScripts, ...args)
    return db === main ? runner.run(script) : await runner.runPausing(script, nextTurn)
  } catch (error) {
    throw asStoreError(error)
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK')
    if (db !== main) db.close()
  }
}
