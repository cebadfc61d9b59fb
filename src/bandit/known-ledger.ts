import type { LedgerStore, StoredLedger } from '../store/port.ts'
import type { Experiment } from './experiment/experiment.ts'
import type { Metric } from './metrics/metric.ts'

/** The ledger of a metric, as far as this version of the experiment goes: see `knownPart`. */
export async function readKnownLedger(
  store: Pick<LedgerStore, 'readLedger'>,
  { id, version, definition }: Experiment,
  metric: Metric,
): Promise<StoredLedger> {
  return knownPart(await store.readLedger(id, definition.metrics.indexOf(metric)), version)
}

/**
 * A ledger without what is newer than this version of the experiment: another process may have
 * added an arm a moment ago, and taken snapshots with it, of which this version knows nothing.
 */
export function knownPart(stored: StoredLedger, version: number): StoredLedger {
  const end = stored.snapshots.findIndex(snapshot => snapshot.version > version)
  if (end === -1) return stored
  const snapshots = stored.snapshots.slice(0, end)
  const last = snapshots.at(-1)?.number ?? 0
  return { snapshots, cells: stored.cells.filter(({ snapshot }) => snapshot <= last) }
}
