import type { CommandsOf } from '../commands.ts'
import type { LedgerStore } from '../port.ts'
import type { Ledger } from './ledger.ts'

export function snapshotCommands(ledger: Ledger): CommandsOf<LedgerStore> {
  return {
    findSnapshots: experimentId => ledger.heads(experimentId),

    takeSnapshot: (experimentId, snapshot) => ledger.insertSnapshot(experimentId, snapshot),

    readLedger: (experimentId, metricPosition) => ledger.read(experimentId, metricPosition),

    readPulse: () => ledger.readPulse(),
  }
}
