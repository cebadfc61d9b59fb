import { describe, expect, it } from 'vitest'
import { completeDefinition, type DefinitionInput } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { learnedPropensities, nextSnapshot } from '../../../src/bandit/policies/learn.ts'
import { explorationNow } from '../../../src/bandit/policies/policy.ts'
import type { LedgerCell, StoredLedger } from '../../../src/store/port.ts'

const DAY = 86_400_000

const input: DefinitionInput = {
  key: 'spring-email',
  arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary', window: '7d' }],
}

function experimentOf(changes: Partial<DefinitionInput> = {}): Experiment {
  return {
    id: 1,
    definition: completeDefinition({ ...input, ...changes }),
    salt: 'salt',
    status: 'running',
    version: 2,
    winner: null,
    createdAt: 0,
    startedAt: 0,
    stoppedAt: null,
  }
}

interface MadeUp {
  readonly propensities: readonly (number | null)[]
  /** By arm: units and successes. */
  readonly counts: readonly (readonly [units: number, successes: number])[]
  readonly assignedAt?: number
  readonly allDecided?: boolean
}

const NO_SUMS = { readSums: async () => [] }

const NOT_CLIPPED = { delayedRewards: 0, unitsAbove: 0, unitsBelow: 0, largestOutcome: 1 }

function ledgerOf(batches: readonly MadeUp[]): StoredLedger {
  const cells: LedgerCell[] = []
  const snapshots = batches.map(({ propensities, counts, assignedAt = 0, allDecided = false }, place) => {
    const number = place + 1
    for (const [arm, [units, sum]] of counts.entries()) {
      if (units > 0) cells.push({ ...NOT_CLIPPED, snapshot: number, arm, units, sum, sumOfSquares: sum, rewards: sum })
    }
    const units = counts.reduce((total, [own]) => total + own, 0)
    const head = { number, version: 1, reason: 'refresh', createdAt: assignedAt, propensities, allDecided } as const
    return { ...head, ledgerSize: { units: 0, rewards: 0 }, units, lastAssignedAt: units === 0 ? null : assignedAt }
  })
  return { snapshots, cells }
}

const shares = async (experiment: Experiment, stored: StoredLedger, now = 8 * DAY) =>
  (await nextSnapshot(NO_SUMS, experiment, stored, { reason: 'refresh', now })).propensities

/**
 * Ten thousand units of two arms with rates of 5 %: of a third arm the prior alone would expect
 * more.
 */
const TWO_ARMS: MadeUp = {
  propensities: [0.5, 0.5, null],
  counts: [
    [5_000, 250],
    [5_000, 250],
    [0, 0],
  ],
}

/** The new arm came with the second snapshot. */
const newArm = (units: number, successes: number, assignedAt = 0): MadeUp => ({
  propensities: [0.2, 0.4, 0.4],
  counts: [
    [100, 5],
    [200, 10],
    [units, successes],
  ],
  assignedAt,
})

describe('nextSnapshot() with an arm that was added later', () => {
  it('gives it an even share at most, before it has enough mature units', async () => {
    const reserved = experimentOf()
    const capped = await shares(reserved, ledgerOf([TWO_ARMS]))
    expect(capped).toEqual([0.2, expect.closeTo(0.4, 12), expect.closeTo(0.4, 12)])
    const competing = experimentOf({ policy: { type: 'thompson', controlShare: null } })
    expect((await shares(competing, ledgerOf([TWO_ARMS])))[2]).toBeCloseTo(1 / 3, 12)
    // Without a burn-in it gets nearly all.
    const off = experimentOf({ policy: { type: 'thompson', burnIn: 0 } })
    expect((await shares(off, ledgerOf([TWO_ARMS])))[2]).toBeGreaterThan(0.7)
  })

  it('counts mature units only, up to the number that the policy says', async () => {
    const experiment = experimentOf()
    expect((await shares(experiment, ledgerOf([TWO_ARMS, newArm(499, 100)])))[2]).toBeCloseTo(0.4, 12)
    expect((await shares(experiment, ledgerOf([TWO_ARMS, newArm(500, 100)])))[2]).toBeGreaterThan(0.7)
    expect((await shares(experiment, ledgerOf([TWO_ARMS, newArm(500, 100, 2 * DAY)])))[2]).toBeCloseTo(0.4, 12)
    const longer = experimentOf({ policy: { type: 'exploration', burnIn: 1_000 } })
    expect((await shares(longer, ledgerOf([TWO_ARMS, newArm(999, 200)])))[2]).toBeCloseTo(0.4, 12)
  })

  it('caps no arm that was there from the start', async () => {
    const threeArms: MadeUp = { ...TWO_ARMS, propensities: [0.4, 0.4, 0.2] }
    expect((await shares(experimentOf(), ledgerOf([threeArms])))[2]).toBeGreaterThan(0.7)
    expect(await shares(experimentOf(), ledgerOf([]))).toEqual([0.2, 0.4, 0.4])
  })

  it('caps none in an experiment from before there was a burn-in', async () => {
    const experiment = experimentOf()
    const policy = { type: 'thompson', exploration: 0.1, controlShare: 0.2, prior: { alpha: 1, beta: 1 } } as const
    const old = { ...experiment, definition: { ...experiment.definition, policy } }
    expect((await shares(old, ledgerOf([TWO_ARMS])))[2]).toBeGreaterThan(0.7)
  })
})

describe('nextSnapshot() with exploration until the verdict', () => {
  const arms = [{ key: 'control' }, { key: 'mens' }]
  const even: MadeUp = {
    propensities: [0.5, 0.5],
    counts: [
      [2_000, 200],
      [2_000, 250],
    ],
  }
  const apart: MadeUp = {
    propensities: [0.5, 0.5],
    counts: [
      [20_000, 2_000],
      [20_000, 3_000],
    ],
  }
  const take = (batches: readonly MadeUp[], changes: Partial<DefinitionInput> = {}) =>
    nextSnapshot(NO_SUMS, experimentOf({ arms, ...changes }), ledgerOf(batches), { reason: 'refresh', now: 8 * DAY })

  it('explores more until every active arm has a verdict', async () => {
    const before = await take([even])
    expect(before.allDecided).toBe(false)
    expect(before.propensities[0]).toBeGreaterThanOrEqual(0.25)
    const after = await take([apart])
    expect(after.allDecided).toBe(true)
    expect(after.propensities).toEqual([expect.closeTo(0.05), expect.closeTo(0.95)])
  })

  it('explores as after the verdict for good, once one snapshot has seen it', async () => {
    const kept = await take([{ ...even, allDecided: true }])
    expect(kept.allDecided).toBe(true)
    expect(Math.min(...kept.propensities.map(Number))).toBeLessThan(0.25)
  })

  it('does not look for verdicts where the policy does not wait for them', async () => {
    expect((await take([apart], { policy: { type: 'thompson', exploration: 0.1 } })).allDecided).toBe(false)
    expect((await take([apart], { policy: { type: 'uniform' } })).allDecided).toBe(false)
  })

  it('waits for every active arm, and not for those that are retired', async () => {
    const policy = { type: 'thompson', exploration: { untilVerdict: 0.5, after: 0.1 }, controlShare: null } as const
    const three: MadeUp = {
      propensities: [1 / 3, 1 / 3, 1 / 3],
      counts: [...apart.counts, [20_000, 2_010]],
    }
    expect((await take([three], { arms: input.arms, policy })).allDecided).toBe(false)
    const retired = [...arms, { key: 'womens', retired: true }]
    expect((await take([three], { arms: retired, policy })).allDecided).toBe(true)
  })
})

describe('explorationNow()', () => {
  it('tells the share that is spread evenly, null where nothing is learned', () => {
    const { policy } = experimentOf({ arms: input.arms.slice(0, 2) }).definition
    expect(policy).toMatchObject({ exploration: { untilVerdict: 0.5, after: 0.1 } })
    expect([explorationNow(policy, false), explorationNow(policy, true)]).toEqual([0.5, 0.1])
    const constant = experimentOf({ policy: { type: 'exploration', exploration: 0.3 } }).definition
    expect([explorationNow(constant.policy, false), explorationNow(constant.policy, true)]).toEqual([0.3, 0.3])
    expect(explorationNow(experimentOf({ policy: { type: 'uniform' } }).definition.policy, false)).toBe(null)
  })
})

describe('learnedPropensities()', () => {
  it('keeps a reserved control exactly, whatever the burn-in cuts', () => {
    const { definition } = experimentOf({ policy: { type: 'thompson', controlShare: 0.3 } })
    const batch = { snapshot: 1, mature: true, propensities: [0.5, 0.5, null] }
    const tallies = [250, 250, 0].map(sum => ({ units: 20 * sum, sum, sumOfSquares: sum }))
    expect(learnedPropensities(definition, [{ ...batch, tallies }], false)[0]).toBe(0.3)
  })
})
