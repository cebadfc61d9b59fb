import type { Store } from '../../bandit/store.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { LedgerTable } from './ledger-table.ts'

type Sentences = Pick<Store, 'findSnapshots' | 'takeSnapshot' | 'readLedger'>

export function snapshotSentences(ledger: LedgerTable, queue: CommitQueue): Sentences {
  return {
    findSnapshots: experimentId => queue.read(() => ledger.heads(experimentId)),

    takeSnapshot: (experimentId, snapshot) => queue.write(() => ledger.insertSnapshot(experimentId, snapshot)),

    readLedger: (experimentId, metricPosition) => queue.read(() => ledger.read(experimentId, metricPosition)),
  }
}
