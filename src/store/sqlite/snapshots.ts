import type { Sentences } from '../sentences.ts'
import type { Ledger } from './ledger.ts'

export function snapshotSentences(
  ledger: Ledger,
): Pick<Sentences, 'findSnapshots' | 'takeSnapshot' | 'readLedger' | 'readPulse'> {
  return {
    findSnapshots: experimentId => ledger.heads(experimentId),

    takeSnapshot: (experimentId, snapshot) => ledger.insertSnapshot(experimentId, snapshot),

    readLedger: (experimentId, metricPosition) => ledger.read(experimentId, metricPosition),

    readPulse: () => ledger.readPulse(),
  }
}
