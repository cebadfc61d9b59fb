import { describe, expect, it } from 'vitest'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { missingRewardsOf } from '../../../src/bandit/report/missing-rewards.ts'
import { SPEND, VISIT } from '../../support/samples/sample-reports.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

const definition = {
  arms: ['old', 'new'].map(key => ({ key, payload: null, retired: false })),
} as unknown as Definition

interface Batch {
  readonly units: readonly number[]
  readonly successes: readonly number[]
  /** Of each rewarded unit. */
  readonly rewards?: number
  readonly value?: number
}

const missing = (batches: readonly Batch[], metric = VISIT) => {
  const cells = storedLedger(batches).cells.map(cell => {
    const { successes, rewards = 1, value = 1 } = batches[cell.snapshot - 1] as Batch
    const count = successes[cell.arm] as number
    return { ...cell, rewards: count * rewards, sum: count * value, sumOfSquares: count * value ** 2 }
  })
  return missingRewardsOf(definition, metric, cells)
}

describe('missingRewardsOf()', () => {
  it('finds the arm of 948 among 3,000 units that has none, where the other has a hundred', () => {
    expect(missing([{ units: [948, 2_052], successes: [0, 100] }])).toEqual([
      { metric: VISIT, arm: 'old', units: 948, expected: expect.closeTo(46.2, 1) },
    ])
  })

  it('begins where chance would leave none once in a hundred million', () => {
    expect(missing([{ units: [1_000, 1_000], successes: [0, 27] }])).toHaveLength(1)
    expect(missing([{ units: [1_000, 1_000], successes: [0, 26] }])).toEqual([])
  })

  it('says nothing of an arm with a single reward, without units, or where nobody has any', () => {
    expect(missing([{ units: [1_000, 1_000], successes: [1, 500] }])).toEqual([])
    expect(missing([{ units: [0, 1_000], successes: [0, 500] }])).toEqual([])
    expect(missing([{ units: [1_000, 1_000], successes: [0, 0] }])).toEqual([])
  })

  it('compares units of the same time: those of an arm that came late have no rewards yet', () => {
    const late = { units: [5_000, 5_000], successes: [0, 3] }
    expect(missing([{ units: [0, 10_000], successes: [0, 1_000] }, late])).toEqual([])
  })

  it('does not take many rewards of a few units for many units', () => {
    expect(missing([{ units: [1_000, 1_000], successes: [0, 10], rewards: 50 }])).toEqual([])
    expect(missing([{ units: [1_000, 1_000], successes: [0, 10], rewards: 50, value: 70 }], SPEND)).toEqual([])
    expect(missing([{ units: [1_000, 1_000], successes: [0, 30], rewards: 50, value: 70 }], SPEND)).toHaveLength(1)
  })
})
