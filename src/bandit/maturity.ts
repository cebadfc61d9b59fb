// From what the store kept to the ledger that the mathematics reads: batches in order, each with
// its tallies and whether every one of its units has had its whole attribution window.
import type { Batch, Ledger } from '../stats/ledger.ts'
import { EMPTY_TALLY, type Tally } from '../stats/tally.ts'
import type { SnapshotHead, StoredLedger } from '../store/port.ts'
import type { Experiment } from './experiment/experiment.ts'
import { type Metric, windowMsOf } from './metrics/metric.ts'

/**
 * The ledger of one metric as it stands at `now`; `isLastOpen`: units may still join the last
 * batch. Without a window every batch is mature, the open one too. With one a batch is mature when
 * it is closed (a newer snapshot has replaced it, or the experiment is not running and so gives it
 * no more units) and its last assignment is older than the window.
 */
export function ledgerOf(
  experiment: Experiment,
  metric: Metric,
  stored: StoredLedger,
  now: number,
  isLastOpen = experiment.status === 'running',
): Ledger {
  const armCount = experiment.definition.arms.length
  const windowMs = windowMsOf(metric)
  const open = isLastOpen ? stored.snapshots.at(-1)?.number : undefined
  const tallies = talliesBySnapshot(stored, armCount)
  return stored.snapshots.map(
    (head): Batch => ({
      snapshot: head.number,
      mature: windowMs === null || (head.number !== open && isOver(head, windowMs, now)),
      propensities: head.propensities,
      tallies: tallies.get(head.number) ?? noTallies(armCount),
    }),
  )
}

/** Whether the windows of all units of a closed batch are over at `now`. */
export function isOver(
  { lastAssignedAt }: Pick<SnapshotHead, 'lastAssignedAt'>,
  windowMs: number,
  now: number,
): boolean {
  return lastAssignedAt === null || lastAssignedAt + windowMs < now
}

function talliesBySnapshot({ cells }: StoredLedger, armCount: number): Map<number, Tally[]> {
  const bySnapshot = new Map<number, Tally[]>()
  for (const { snapshot, arm, units, sum, sumOfSquares } of cells) {
    const tallies = bySnapshot.get(snapshot) ?? noTallies(armCount)
    tallies[arm] = { units, sum, sumOfSquares }
    bySnapshot.set(snapshot, tallies)
  }
  return bySnapshot
}

function noTallies(armCount: number): Tally[] {
  return new Array(armCount).fill(EMPTY_TALLY)
}
