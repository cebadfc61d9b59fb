import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../../src/stats/ledger.ts'
import { estimateEffects } from '../../../src/stats/lift/lift.ts'
import { PerUnitContrast } from '../../../src/stats/lift/per-unit-contrast.ts'
import { Predictor } from '../../../src/stats/lift/prediction.ts'
import { mixtureBound, mixtureLogEValue, tuneMixture } from '../../../src/stats/sequences/mixture-sequence.ts'
import { expectGolden } from '../../support/samples/golden.ts'
import { batch, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const options = { alpha: 0.05, plannedUnits: 10_000 }

/** What the policy earned over arm 0. */
function contrastOf(ledger: Ledger, arms: number, range: readonly [number, number] = [0, 1]) {
  const predictor = new Predictor(arms, range)
  const contrast = new PerUnitContrast()
  const counted = ledger.filter(each =>
    contrast.add(predictor.next(each), (share, arm) => (arm === 0 ? share - 1 : share)),
  )
  return { estimate: contrast.estimate(options), counted: counted.map(({ snapshot }) => snapshot) }
}

describe('PerUnitContrast', () => {
  it('is the mean by its propensities minus the control: with half the units each, half the lift', () => {
    const known = batch(1, [0.5, 0.5], [successes(50, 25), successes(50, 25)])
    const second = batch(2, [0.5, 0.5], [successes(60, 20), successes(40, 16)])
    const { estimate, counted } = contrastOf([known, second], 2)
    // Both arms are predicted at 0.5: n d + Σ c r.
    expect(estimate.estimate).toBeCloseTo((0.5 * 2 * (16 - 20) - 0.5 * 2 * (20 - 30)) / 100, 12)
    expect(estimate).toMatchObject({ units: 100, batches: 1, from: 2, level: 0.95 })
    expect(counted).toEqual([2])
  })

  it('is the mixture around the first counted variance, of sums written out', () => {
    const ledger = randomLedger(seededRandom(61), [0.1, 0.3, 0.2], 12, 40).map((each, index) =>
      index === 4 ? { ...each, tallies: each.tallies.map(() => successes(0, 0)) } : each,
    )
    const predictor = new Predictor(3, [0, 1])
    let [n, sum, predicted, first] = [0, 0, 0, 0]
    const scores: { units: number; d: number; r: number; k: number }[] = []
    let before = 0
    for (const each of ledger) {
      const { units, propensity, scoreVariance, mean, residual, residualSquare } = predictor.next(each)
      const isCounted = before >= 100 && units > 0 && propensity[0] !== 0
      before += units
      if (!isCounted) continue
      let [v, d, r, k] = [0, 0, 0, 0]
      propensity.forEach((share, arm) => {
        const c = share === 0 ? 0 : arm === 0 ? share - 1 : share
        v += c * c * (scoreVariance[arm] ?? 0)
        d += c * (mean[arm] ?? 0)
        r += c * (residual[arm] ?? 0)
        k += c * c * (residualSquare[arm] ?? 0)
      })
      if (first === 0) first = v
      n += units
      sum += units * d + r
      predicted += units * v
      scores.push({ units, d, r, k })
    }
    const theta = sum / n
    let seen = 0
    for (const { units, d, r, k } of scores) seen += units * (d - theta) ** 2 + 2 * (d - theta) * r + k
    const variance = Math.max(predicted, seen)
    const tuning = tuneMixture(0.05, 10_000, { unitVariance: first, exponents: [-1, 0, 1, 2, 3] })
    const { estimate } = contrastOf(ledger, 3)
    expect(estimate.units).toBe(n)
    expectGolden(estimate.estimate, theta, 'estimate', 1e-12)
    expectGolden(estimate.lower, theta - mixtureBound(variance, tuning) / n, 'lower', 1e-12)
    expectGolden(estimate.upper, theta + mixtureBound(variance, tuning) / n, 'upper', 1e-12)
    expectGolden(estimate.logEValue, mixtureLogEValue(sum, variance, tuning), 'ln e', 1e-11)
  })

  it('waits for 100 units in earlier batches, those that it cannot use included', () => {
    const alone = batch(1, [1, null], [successes(99, 20), successes(0, 0)])
    const more = batch(2, [0.5, 0.5], [successes(10, 2), successes(10, 3)])
    expect(contrastOf([alone, more], 2).counted).toEqual([])
    const hundred = batch(1, [1, null], [successes(100, 20), successes(0, 0)])
    expect(contrastOf([hundred, more], 2).counted).toEqual([2])
    const late = batch(3, [0.5, 0.5], [successes(0, 0), successes(0, 0)])
    expect(contrastOf([hundred, more, late], 2).counted).toEqual([2])
  })

  it('has a width that hardly depends on how far the range lies beyond the data', () => {
    const ledger = randomLedger(seededRandom(62), [0.1, 0.3], 100, 100)
    const width = (range: readonly [number, number]) => {
      const { lower, upper } = contrastOf(ledger, 2, range).estimate
      return (upper ?? Infinity) - (lower ?? 0)
    }
    expect(width([0, 1e5]) / width([0, 1])).toBeLessThan(1.2)
  })

  it('counts no batch in which the control was not active, or alone', () => {
    const known = batch(1, [0.5, 0.5], [successes(100, 20), successes(100, 20)])
    const without = batch(2, [null, 1], [successes(0, 0), successes(5, 2)])
    const alone = batch(3, [1, null], [successes(5, 2), successes(0, 0)])
    const { policyLift } = estimateEffects([known, without, alone], {
      ...options,
      arms: 2,
      control: 0,
      metric: { range: [0, 1], goal: 'increase' },
    })
    expect(policyLift).toMatchObject({ from: null, units: 0 })
  })
})
