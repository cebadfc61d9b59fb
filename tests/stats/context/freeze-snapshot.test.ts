import { describe, expect, it } from 'vitest'
import { type ClosedBatch, freezeSnapshot, type SnapshotOptions } from '../../../src/stats/context/freeze-snapshot.ts'
import { ContextRule, type FrozenRule } from '../../../src/stats/context/frozen-rule.ts'
import { ScoreRow } from '../../../src/stats/context/score-row.ts'
import { fitSlopes, type SlopesFit } from '../../../src/stats/context/slopes-fit.ts'
import { distinctCoefficients, explainedOf } from '../../../src/stats/context/what-was-learned.ts'
import { type GoldenUnit, momentsOf, randomContext } from '../../support/samples/contexts.ts'
import { seededRandom } from '../../support/samples/random.ts'

const OPTIONS: SnapshotOptions = {
  goal: 'increase',
  exploration: 0.1,
  reserved: null,
  active: [true, true],
  ranges: [[0, 1]],
  primary: 0,
  propensities: null,
  emptyContext: Float64Array.of(1, 0, 0),
  shrinkage: null,
  halfLifeMs: null,
  warmStart: null,
  isAdjusted: true,
  segmentCount: 0,
}

function batchOf(snapshot: number, seed: number, dimension = 3, isMature = true): ClosedBatch {
  const random = seededRandom(seed)
  const row = new ScoreRow(2, 0)
  const units = Array.from({ length: 200 }, (_, unit): GoldenUnit => {
    const x = randomContext(random, dimension)
    row.add(unit % 2, new Float64Array(2), Float64Array.of(0.5, 0.5))
    return [unit % 2, x, random() < 0.5 + 0.4 * (unit % 2 === 1 ? 1 : -1) * (x[1] ?? 0) ? 1 : 0]
  })
  const moments = momentsOf(units, 2, dimension)
  const contexts = moments.map(({ xx }) => xx)
  const sums = { contexts, outcomes: [moments], policyRows: [null], segments: [] }
  return { snapshot, isMature, ageMs: 0, row: row.values(), ...sums }
}

function propensitiesOf(closed: readonly ClosedBatch[], options: SnapshotOptions, x: readonly number[]): number[] {
  return [...new ContextRule(freezeSnapshot(closed, options).rule as FrozenRule).propensitiesAt(Float64Array.from(x))]
}

describe('freezeSnapshot()', () => {
  it('begins with equal shares, the middle of the range and 1/p', () => {
    const frozen = freezeSnapshot([], { ...OPTIONS, segmentCount: 1 })
    expect(frozen.rule?.shrinkage).toBeNull()
    expect(frozen.meanInverse).toEqual([2, 2])
    expect(frozen.policyVariance).toEqual([0.25])
    expect(frozen.segments).toEqual([{ spreads: [0.25, 0.25], meanInverse: [2, 2] }])
    const arm = { mean: 0.5, slopes: [0, 0], centre: [0, 0], level: 0.5, variance: 0.25 }
    expect(frozen.predictions).toEqual([{ ends: [0, 1], arms: [arm, arm] }])
  })

  it('learns from the mature batches alone, up to the first that is not', () => {
    const [first, second] = [batchOf(1, 71), batchOf(2, 72)]
    const waiting = { ...second, isMature: false }
    const alone = freezeSnapshot([first], OPTIONS)
    const both = freezeSnapshot([first, waiting, { ...batchOf(3, 73) }], OPTIONS)
    expect(both.rule).toEqual(alone.rule)
    expect(both.predictions).toEqual(alone.predictions)
    expect(freezeSnapshot([first, second], OPTIONS).rule).not.toEqual(alone.rule)
  })

  it('goes on when a feature is appended: for those that are missing it nothing changes at first', () => {
    const closed = [batchOf(1, 71), batchOf(2, 72)]
    const appended = { ...OPTIONS, emptyContext: Float64Array.of(1, 0, 0, 0, 1) }
    for (const x of [
      [1, 0.7, -0.2],
      [1, -0.9, 0.4],
    ]) {
      const [before, after] = [propensitiesOf(closed, OPTIONS, x), propensitiesOf(closed, appended, [...x, 0, 1])]
      expect(after[0]).toBeCloseTo(before[0] as number, 9)
    }
    const mixed = propensitiesOf([...closed, batchOf(3, 73, 5)], appended, [1, 0.7, -0.2, 0.5, 0])
    expect((mixed[0] as number) + (mixed[1] as number)).toBeCloseTo(1, 12)
  })

  it('leaves an arm that is not active without predictions and weights, and forgets old batches by age', () => {
    const retired = freezeSnapshot([batchOf(1, 71)], { ...OPTIONS, active: [true, false] })
    // 200 units with 1/p = 2, and 100 with 1/p = 1.
    expect(retired.meanInverse).toEqual([5 / 3, null])
    expect(retired.predictions[0]?.arms[1]).toBeNull()
    const old = { ...batchOf(1, 71), ageMs: 1e6 }
    const forgetful = freezeSnapshot([old, batchOf(2, 72)], { ...OPTIONS, halfLifeMs: 1e3 })
    const fresh = freezeSnapshot([batchOf(2, 72)], OPTIONS)
    expect(forgetful.rule?.shrinkage).toBeCloseTo(fresh.rule?.shrinkage as number, 6)
    expect(forgetful.predictions).not.toEqual(fresh.predictions)
  })

  it('weighs by 1/p, and learns no rule, where the policy does not look at x', () => {
    const closed = [batchOf(1, 71), batchOf(2, 72)]
    const constant = freezeSnapshot(closed, { ...OPTIONS, propensities: [0.8, 0.2], segmentCount: 1 })
    expect(constant.rule).toBeNull()
    expect(constant.meanInverse).toEqual([1.25, 5])
    expect(constant.segments[0]?.meanInverse).toEqual([1.25, 5])
    expect(constant.predictions).toEqual(freezeSnapshot(closed, OPTIONS).predictions)
  })

  it('starts the policy warm, and nothing else', () => {
    const units = Array.from({ length: 200 }, (_, unit): GoldenUnit => {
      const isGood = unit % 2 === 1
      return [unit % 2, [1, (unit % 7) / 7, 0], (unit >> 1) % 10 < (isGood ? 7 : 3) ? 1 : 0]
    })
    const earlier = momentsOf(units, 2, 3)
    const warm = freezeSnapshot([], { ...OPTIONS, warmStart: { weight: 1, cap: 500, arms: earlier } })
    const cold = freezeSnapshot([], OPTIONS)
    expect(new ContextRule(warm.rule as FrozenRule).propensitiesAt(Float64Array.of(1, 0, 0))[1]).toBeGreaterThan(0.9)
    expect(warm.predictions).toEqual(cold.predictions)
  })
})

describe('what a report says of the features', () => {
  const units = [1, 2, 3].flatMap(batch => {
    const random = seededRandom(80 + batch)
    return Array.from({ length: 1000 }, (_, unit): GoldenUnit => {
      const x = randomContext(random, 3)
      return [unit % 2, x, 2 * (x[2] ?? 0) * (unit % 2) + random()]
    })
  })
  const moments = momentsOf(units, 2, 3)
  const fit = fitSlopes(moments) as SlopesFit

  it('distinctCoefficients() names the columns in which an arm differs, with their sd', () => {
    const [first, ...others] = distinctCoefficients(fit, fit.arms[1] as SlopesFit['arms'][number], 2)
    expect(first?.column).toBe(2)
    expect(first?.mean).toBeCloseTo(2, 1)
    expect(first?.distance).toBeGreaterThan(10)
    // The variance of noise on [0, 1) over that of x, by the number of units.
    expect(first?.sd).toBeCloseTo(Math.sqrt(1 / 12 / (1500 / 3)), 2)
    expect(others).toHaveLength(1)
  })

  it('explainedOf() has R² and what it is worth', () => {
    const { shares, asIfUnits } = explainedOf(moments, fit)
    // 4 · ⅓ of the variance by the feature, 1/12 by noise.
    expect(shares[1]).toBeCloseTo(4 / 3 / (4 / 3 + 1 / 12), 1)
    expect(shares[0]).toBeLessThan(0.02)
    expect(asIfUnits).toBeGreaterThan(5)
    expect(explainedOf(momentsOf([], 2, 3), fit)).toEqual({ shares: [null, null], asIfUnits: 1 })
  })
})
