import { describe, expect, it } from 'vitest'
import type { StoredLedger } from '../../src/bandit/store.ts'
import { packLedger, unpackLedger } from '../../src/store/sqlite/ledger-packing.ts'

const head = {
  version: 1,
  createdAt: 1_767_614_400_000,
  allDecided: false,
  ledgerSize: { units: 40, rewards: 7 },
  units: 3,
}

const ledger: StoredLedger = {
  snapshots: [
    { ...head, number: 1, reason: 'start', propensities: [1 / 3, 2 / 3], lastAssignedAt: 1_767_614_400_001 },
    { ...head, number: 2, reason: 'refresh', propensities: [0.1, 0.9], lastAssignedAt: null, units: 0 },
    {
      ...head,
      number: 3,
      reason: 'change',
      version: 2,
      allDecided: true,
      propensities: [null, 1e-17, 1],
      lastAssignedAt: 0,
    },
  ],
  cells: [
    {
      snapshot: 1,
      arm: 0,
      units: 2,
      sum: -0.1,
      sumOfSquares: 1e300,
      rewards: 3,
      delayedRewards: 1,
      unitsAbove: 2,
      unitsBelow: 0,
      largestOutcome: 1 / 3,
    },
    {
      snapshot: 3,
      arm: 2,
      units: 1e9,
      sum: 5e-324,
      sumOfSquares: 0,
      rewards: 0,
      delayedRewards: 0,
      unitsAbove: 0,
      unitsBelow: 1e9,
      largestOutcome: 5e-324,
    },
  ],
}

describe('unpackLedger()', () => {
  it('gives back what packLedger() took, to the bit', () => {
    expect(unpackLedger(packLedger(ledger))).toEqual(ledger)
  })

  it('gives back nothing for nothing', () => {
    const empty = { snapshots: [], cells: [] }
    expect(unpackLedger(packLedger(empty))).toEqual(empty)
  })
})
