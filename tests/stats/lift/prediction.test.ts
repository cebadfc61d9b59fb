import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../../src/stats/ledger.ts'
import { outcomeEnds, Predictor, predictedVariance } from '../../../src/stats/lift/prediction.ts'
import { EMPTY_TALLY } from '../../../src/stats/tally.ts'
import { batch, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

describe('Predictor', () => {
  it('predicts the first batch from the range alone', () => {
    const first = new Predictor(2, [0, 1]).next(batch(1, [0.25, 0.75], [successes(10, 4), successes(30, 6)]))
    expect(first.units).toBe(40)
    expect([...first.mean]).toEqual([0.5, 0.5])
    expect([...first.scoreVariance]).toEqual([0.25 / 0.25, 0.25 / 0.75])
    expect([...first.residual]).toEqual([-1 / 0.25, -9 / 0.75])
    expect(first.residualSquare[0]).toBeCloseTo((10 * 0.25) / 0.25 ** 2, 12)
  })

  it('predicts a batch from earlier batches only', () => {
    const random = seededRandom(1)
    const ledger = randomLedger(random, [0.1, 0.2, 0.3], 20, 50)
    const changed = ledger.with(10, batch(11, [0.2, 0.3, 0.5], [successes(99, 99), successes(1, 0), successes(50, 50)]))
    expect(meansOfFirst(changed).slice(0, 11)).toEqual(meansOfFirst(ledger).slice(0, 11))
    expect(meansOfFirst(changed)[11]).not.toBe(meansOfFirst(ledger)[11])
  })

  it('predicts nothing for an inactive arm, and keeps its earlier tally', () => {
    const predictor = new Predictor(2, [0, 1])
    predictor.next(batch(1, [0.5, 0.5], [successes(4, 2), successes(6, 5)]))
    const alone = predictor.next(batch(2, [1], [successes(5, 1)]))
    expect([alone.propensity[1], alone.mean[1], alone.scoreVariance[1], alone.residual[1]]).toEqual([0, 0, 0, 0])
    const [again] = predictor.next(batch(3, [0.5, 0.5], [])).mean.slice(1)
    expect(again).toBeCloseTo((5 + 2 * ((8 + 1) / 17)) / 8, 14)
  })

  it('refuses units without a propensity, more arms than there are, and an empty range', () => {
    const stray = batch(7, [1, null], [successes(5, 1), successes(1, 0)])
    expect(() => new Predictor(2, [0, 1]).next(stray)).toThrow('units of arm 1 in snapshot 7')
    expect(() => new Predictor(1, [0, 1]).next(stray)).toThrow('more than 1 arms')
    expect(() => new Predictor(2, [1, 1])).toThrow(RangeError)
    expect(() => new Predictor(2, [0, Infinity])).toThrow(RangeError)
  })
})

function meansOfFirst(ledger: Ledger): (number | undefined)[] {
  const predictor = new Predictor(3, [0, 1])
  return ledger.map(each => predictor.next(each).mean[0])
}

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

  it('narrows a range that is far too wide to the data', () => {
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
