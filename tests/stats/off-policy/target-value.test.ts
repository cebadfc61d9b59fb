import { describe, expect, it } from 'vitest'
import { estimateEffects } from '../../../src/stats/lift/lift.ts'
import { estimateTargetValue } from '../../../src/stats/off-policy/target-value.ts'
import { batch, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const binary = { range: [0, 1], alpha: 0.05, plannedUnits: 10_000 } as const

describe('estimateTargetValue()', () => {
  it("is the arm's mean when all weight is on it", () => {
    const ledger = randomLedger(seededRandom(51), [0.1, 0.2, 0.3], 20, 100)
    const { means } = estimateEffects(ledger, {
      ...binary,
      arms: 3,
      control: 0,
      metric: { range: [0, 1], goal: 'increase' },
    })
    expect(estimateTargetValue(ledger, { ...binary, target: [0, 0, 1] })).toEqual(means[2])
  })

  it('is close to the weighted rates, over the batches in which every arm with weight was active', () => {
    const ledger = randomLedger(seededRandom(52), [0.1, 0.2, 0.6], 100, 500)
    const value = estimateTargetValue(ledger, { ...binary, target: [0.5, 0, 0.5] })
    expect(value.batches).toBe(ledger.filter(each => each.propensities[2] !== null).length)
    expect(value.batches).toBeLessThan(100)
    expect(value.lower).toBeLessThan(0.35)
    expect(value.upper).toBeGreaterThan(0.35)
    expect((value.upper ?? 1) - (value.lower ?? 0)).toBeLessThan(0.1)
  })

  it('refuses weights that do not sum to 1 or are negative', () => {
    for (const target of [[0.5, 0.4], [1.5, -0.5], [Number.NaN, 1], []]) {
      expect(() => estimateTargetValue([], { ...binary, target })).toThrow(RangeError)
    }
  })

  it('is clamped to the range, and also returns the unclamped estimate', () => {
    const value = estimateTargetValue([batch(1, [0.5, 0.5], [successes(1, 1), successes(0, 0)])], {
      ...binary,
      target: [1, 0],
    })
    expect(value).toMatchObject({ estimate: 1, rawEstimate: 1.5, lower: 0, upper: 1 })
  })
})
