// Ledgers as a store keeps them, made up batch by batch.
import type { LedgerCell, SnapshotHead, StoredLedger } from '../../../src/store/port.ts'

export interface MadeUpBatch {
  /** By arm. */
  readonly units: readonly number[]
  readonly propensities?: readonly (number | null)[]
  readonly createdAt?: number
  /** Rewards counted in all until the snapshot was taken. */
  readonly rewardsBefore?: number
}

const NO_SUMS = { sum: 0, sumOfSquares: 0, delayedRewards: 0, unitsAbove: 0, unitsBelow: 0, largestOutcome: 0 }

/** `rewards`: in all, until now. */
export function storedLedger(batches: readonly MadeUpBatch[], rewards = 0): StoredLedger {
  let all = 0
  const snapshots: SnapshotHead[] = []
  const cells: LedgerCell[] = []
  for (const [position, { units, propensities, createdAt = 0, rewardsBefore = 0 }] of batches.entries()) {
    const [number, own] = [position + 1, units.reduce((sum, each) => sum + each, 0)]
    snapshots.push({
      number,
      version: 1,
      reason: 'refresh',
      createdAt,
      propensities: propensities ?? units.map(() => 1 / units.length),
      allDecided: false,
      ledgerSize: { units: all, rewards: rewardsBefore },
      units: own,
      lastAssignedAt: own === 0 ? null : createdAt,
    })
    for (const [arm, count] of units.entries()) {
      if (count === 0) continue
      const counted = cells.length === 0 ? rewards : 0
      cells.push({ ...NO_SUMS, snapshot: number, arm, units: count, rewards: counted })
    }
    all += own
  }
  return { snapshots, cells }
}
