import { describe, expect, it } from 'vitest'
import { outcomeEnds, predictBatches, predictedVariance } from '../../src/stats/prediction.ts'
import { EMPTY_TALLY } from '../../src/stats/tally.ts'
import { batch, randomLedger, successes } from '../support/ledgers.ts'
import { seededRandom } from '../support/random.ts'

describe('predictBatches()', () => {
  it('predicts the first batch from the range alone', () => {
    const first = batch(1, [0.25, 0.75], [successes(10, 4), successes(30, 6)])
    const { units, arms } = predictBatches([first], 2, [0, 1])
    expect([...units]).toEqual([40])
    expect(arms.map(arm => arm.mean[0])).toEqual([0.5, 0.5])
    expect(arms.map(arm => arm.scoreVariance[0])).toEqual([0.25 / 0.25, 0.25 / 0.75])
    expect(arms.map(arm => arm.residual[0])).toEqual([-1 / 0.25, -9 / 0.75])
    expect(arms[0]?.residualSquare[0]).toBeCloseTo((10 * 0.25) / 0.25 ** 2, 12)
  })

  it('predicts a batch from earlier batches only', () => {
    const random = seededRandom(1)
    const ledger = randomLedger(random, [0.1, 0.2, 0.3], 20, 50)
    const changed = ledger.with(10, batch(11, [0.2, 0.3, 0.5], [successes(99, 99), successes(1, 0), successes(50, 50)]))
    const means = (of: typeof ledger) => predictBatches(of, 3, [0, 1]).arms[0]?.mean ?? []
    expect([...means(changed).slice(0, 11)]).toEqual([...means(ledger).slice(0, 11)])
    expect(means(changed)[11]).not.toBe(means(ledger)[11])
  })

  it('leaves out the first immature batch and all after it', () => {
    const ledger = randomLedger(seededRandom(2), [0.1, 0.2], 6, 10)
    const withGap = ledger.map((each, index) => (index === 3 ? { ...each, mature: false } : each))
    expect(predictBatches(withGap, 2, [0, 1])).toEqual(predictBatches(ledger.slice(0, 3), 2, [0, 1]))
  })

  it('refuses units without a propensity, more arms than there are, and an empty range', () => {
    const stray = batch(7, [1, null], [successes(5, 1), successes(1, 0)])
    expect(() => predictBatches([stray], 2, [0, 1])).toThrow('units of arm 1 in snapshot 7')
    expect(() => predictBatches([stray], 1, [0, 1])).toThrow('more than 1 arms')
    expect(() => predictBatches([], 2, [1, 1])).toThrow(RangeError)
    expect(() => predictBatches([], 2, [0, Infinity])).toThrow(RangeError)
  })
})

describe('outcomeEnds()', () => {
  it('keeps the ends of a binary metric at exactly 0 and 1, however many units there are', () => {
    for (const [units, sum] of [
      [100, 1],
      [1e9, 1],
      [1e9, 999_999_999],
      [12_345, 678],
      [1e6, 0],
      [1e6, 1e6],
    ] as const) {
      expect(outcomeEnds(successes(units, sum), [0, 1])).toEqual([0, 1])
    }
  })

  it('draws a range that is far too wide in to where the data are', () => {
    const [low, high] = outcomeEnds({ units: 1000, sum: 5000, sumOfSquares: 34_000 }, [-1e6, 1e6])
    expect(low).toBeGreaterThan(-100)
    expect(high).toBeLessThan(100)
    expect(outcomeEnds({ units: 99, sum: 500, sumOfSquares: 3400 }, [-1e6, 1e6])).toEqual([-1e6, 1e6])
  })
})

describe('predictedVariance()', () => {
  it('is a quarter of the squared range without units', () => {
    expect(predictedVariance(EMPTY_TALLY, [0, 1])).toBe(0.25)
    expect(predictedVariance(EMPTY_TALLY, [-10, 10])).toBe(100)
  })

  it('stays positive for a billion outcomes that are nearly alike, where the difference of the formula does not', () => {
    const [units, mean, low, high] = [1e9, 1e6 + 0.1, 1e6 - 1, 1e6 + 2]
    const known = { units, sum: units * mean, sumOfSquares: units * mean ** 2 }
    const centre = (known.sum + 3 * (low + high)) / (units + 6)
    const difference = (known.sumOfSquares + 3 * (low ** 2 + high ** 2)) / (units + 6) - centre ** 2
    const truth = (3 * (1.1 ** 2 + 1.9 ** 2)) / (units + 6)
    expect(Math.abs(difference / truth - 1)).toBeGreaterThan(0.5)
    expect(predictedVariance(known, [low, high])).toBeGreaterThan(0.9 * truth)
  })
})
