import { describe, expect, it } from 'vitest'
import { gainsOf } from '../../../src/stats/lift/gain.ts'
import { batch, drawUnits, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const options = { arms: 2, range: [0, 1], alpha: 0.05, plannedUnits: 10_000 } as const

describe('gainsOf()', () => {
  it('is exactly 0 with an interval of width 0 while shares are equal', () => {
    const equal = [1, 2, 3].map(snapshot => batch(snapshot, [0.5, 0.5], [successes(50, 10), successes(50, 30)]))
    expect(gainsOf(equal, options)).toEqual(
      [1, 2, 3].map(snapshot => ({
        snapshot,
        units: 100 * snapshot,
        earned: 40 * snapshot,
        from: null,
        gained: 0,
        lower: 0,
        upper: 0,
      })),
    )
  })

  it('is n Σ (p − 1/K) μ where outcomes are as predicted, over the batches with unequal shares alone', () => {
    const first = batch(1, [0.5, 0.5], [successes(500_000, 100_000), successes(500_000, 300_000)])
    const second = batch(2, [0.2, 0.8], [successes(200, 40), successes(800, 480)])
    const [, gain] = gainsOf([first, second], options)
    expect(gain).toMatchObject({ units: 1_001_000, earned: 400_520 })
    expect(gain?.gained).toBeCloseTo(1_000 * 0.3 * (0.6 - 0.2), 2)
    expect(gain?.lower).toBeLessThan(120)
    expect(gain?.upper).toBeGreaterThan(120)
  })

  it('uses the arms of each batch for equal shares, not later ones', () => {
    const two = batch(1, [0.5, 0.5, null], [successes(50, 10), successes(50, 30), successes(0, 0)])
    expect(gainsOf([two], { ...options, arms: 3 })[0]).toMatchObject({ gained: 0, lower: 0, upper: 0 })
  })

  it('ignores immature batches', () => {
    const later = { ...batch(2, [0.2, 0.8], [successes(1, 0), successes(1, 1)]), mature: false }
    expect(gainsOf([batch(1, [0.5, 0.5], [successes(1, 0), successes(1, 1)]), later], options)).toHaveLength(1)
  })

  it('covers the true gain since the first batch with 100 units before it, without bias', () => {
    const random = seededRandom(11)
    const rates = [0.2, 0.5]
    let [misses, error, naiveError] = [0, 0, 0]
    for (let run = 0; run < 200; run++) {
      const ledger = randomLedger(random, rates, 6, 200)
      const truth = ledger.slice(1).reduce((sum, { propensities }) => {
        const gain = propensities.reduce((all: number, p, arm) => all + ((p ?? 0) - 0.5) * (rates[arm] ?? 0), 0)
        return sum + 200 * gain
      }, 0)
      const last = gainsOf(ledger, options).at(-1)
      if (last === undefined) throw new Error('no gain')
      expect(last.from).toBe(2)
      if (!((last.lower ?? -Infinity) <= truth && truth <= (last.upper ?? Infinity))) misses++
      error += last.gained - truth
      // The control: to compare with half of everything, as if rates were equal, is not what equal
      // shares would have earned.
      const pooled = last.earned - 1_200 * 0.2
      naiveError += pooled - truth
    }
    expect(misses).toBeLessThanOrEqual(10)
    expect(Math.abs(error / 200)).toBeLessThan(4)
    expect(Math.abs(naiveError / 200)).toBeGreaterThan(20)
  })

  it('keeps its interval when equal shares follow', () => {
    const equal = (snapshot: number) => batch(snapshot, [0.5, 0.5], [successes(50, 10), successes(50, 25)])
    const unequal = batch(2, [0.2, 0.8], drawUnits(seededRandom(2), [0.2, 0.8], [0.2, 0.5], 500))
    const [, before, after] = gainsOf([equal(1), unequal, equal(3)], options)
    expect(before?.from).toBe(2)
    expect([after?.gained, after?.lower, after?.upper]).toEqual([before?.gained, before?.lower, before?.upper])
  })

  it('has no value for unequal shares before 100 units are known', () => {
    const unequal = (snapshot: number) => batch(snapshot, [0.2, 0.8], [successes(12, 2), successes(48, 24)])
    const [first, second, third] = gainsOf([unequal(1), unequal(2), unequal(3)], options)
    for (const gain of [first, second]) expect(gain).toMatchObject({ from: null, gained: 0, lower: null, upper: null })
    expect(third?.from).toBe(3)
  })

  it('never gains more than its units can differ by', () => {
    const equal = [1, 2].map(snapshot => batch(snapshot, [0.5, 0.5], [successes(50, 25), successes(50, 25)]))
    const unequal = batch(3, [0.02, 0.98], [successes(2, 2), successes(0, 0)])
    expect(gainsOf([...equal, unequal], options).at(-1)).toMatchObject({ from: 3, gained: -2, lower: -2 })
  })

  it('is not widened by a range far beyond the data', () => {
    const random = seededRandom(3)
    const ledger = randomLedger(random, [0.2, 0.5], 100, 200)
    const widthOn = (range: readonly [number, number]) => {
      const last = gainsOf(ledger, { ...options, range }).at(-1)
      return (last?.upper ?? Infinity) - (last?.lower ?? 0)
    }
    expect(widthOn([0, 1e5]) / widthOn([0, 1])).toBeLessThan(1.3)
  })
})
