import { describe, expect, it } from 'vitest'
import { type Ledger, matureBatches, pooledTallies } from '../../../src/stats/ledger.ts'
import { Contrast, type Term } from '../../../src/stats/lift/contrast.ts'
import { Predictor } from '../../../src/stats/lift/prediction.ts'
import type { Score } from '../../../src/stats/sequences/score-sum.ts'
import { expectGolden } from '../../support/samples/golden.ts'
import { batch, drawUnits, goldenMetrics, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const mean = (arm: number) => [{ arm, coefficient: 1 }]
const lift = (arm: number, control: number) => [
  { arm, coefficient: 1 },
  { arm: control, coefficient: -1 },
]

describe('Contrast', () => {
  it('agrees with golden weights and variances', () => {
    for (const { where, options, expected, ledger } of goldenMetrics) {
      const { arms, control, metric } = options
      const scores = [
        ...expected.means.map((golden, arm) => ({ golden, terms: mean(arm) })),
        ...expected.lifts.map((golden, arm) => ({ golden, terms: lift(arm, control) })),
      ]
      for (const { golden, terms } of scores) {
        if (golden?.H === undefined) continue
        const score = scoreContrast(ledger, terms, arms, metric.range)
        expectGolden(score?.estimate, golden.estimate, where)
        expectGolden(score?.weight, golden.H, where)
        expectGolden(score?.variance, golden.V, where)
        expectGolden(score?.units, golden.tau, where)
        expect(score?.batches).toBe(golden.batches)
      }
    }
  })

  it('is the plain inverse-propensity score of a first batch, around one half', () => {
    const first = batch(1, [0.5, 0.5], [successes(60, 20), successes(40, 16)])
    const score = scoreContrast([first], lift(1, 0), 2)
    expect(score).toMatchObject({ weight: 100, units: 100, batches: 1, variance: 100 })
    expect(score?.estimate).toBeCloseTo((2 * (16 - 20) - (40 - 60)) / 100, 14)
  })

  it('skips batches without units and those in which an arm of the contrast was not active', () => {
    const ledger = [
      batch(1, [0.5, 0.5, null], [successes(5, 1), successes(5, 2), successes(0, 0)]),
      batch(2, [0.4, 0.3, 0.3], [successes(0, 0), successes(0, 0), successes(0, 0)]),
      batch(3, [0.4, 0.3, 0.3], [successes(4, 1), successes(3, 1), successes(2, 1)]),
    ]
    expect(scoreContrast(ledger, lift(1, 0), 3)).toMatchObject({ units: 19, batches: 2 })
    expect(scoreContrast(ledger, lift(2, 0), 3)).toMatchObject({ units: 9, batches: 1 })
  })

  it('is null without a used batch or a coefficient', () => {
    const idle = batch(1, [0.5, 0.5, null], [successes(0, 0), successes(0, 0), successes(0, 0)])
    expect(scoreContrast([idle], mean(0), 3)).toBeNull()
    expect(scoreContrast([batch(1, [1], [successes(5, 2)])], [{ arm: 0, coefficient: 0 }], 1)).toBeNull()
    expect(scoreContrast([], mean(0), 3)).toBeNull()
    expect(() => scoreContrast([batch(1, [1], [successes(5, 2)])], mean(3), 3)).toThrow('arm 3')
  })

  it('is linear: swapping the arms negates it, permuting arms permutes, scaling outcomes scales', () => {
    const random = seededRandom(3)
    for (let round = 0; round < 20; round++) {
      const ledger = randomLedger(random, [0.2, 0.1, 0.4], 30, 40)
      const score = scoreContrast(ledger, lift(1, 2), 3)
      const swapped = scoreContrast(ledger, lift(2, 1), 3)
      expect(swapped?.estimate).toBe(-(score?.estimate ?? Number.NaN))
      expect(swapped?.variance).toBe(score?.variance)

      const turned = ledger.map(each => ({
        ...each,
        propensities: [2, 0, 1].map(arm => each.propensities[arm] ?? null),
        tallies: [2, 0, 1].map(arm => each.tallies[arm] ?? successes(0, 0)),
      }))
      const permuted = scoreContrast(turned, lift(2, 0), 3)
      expectGolden(permuted?.estimate, score?.estimate)
      expectGolden(permuted?.variance, score?.variance)

      const inCents = ledger.map(each => ({
        ...each,
        tallies: each.tallies.map(({ units, sum, sumOfSquares }) => {
          return { units, sum: 100 * sum, sumOfSquares: 1e4 * sumOfSquares }
        }),
      }))
      const scaled = scoreContrast(inCents, lift(1, 2), 3, [0, 100])
      expectGolden(scaled?.estimate, 100 * (score?.estimate ?? Number.NaN))
      expectGolden(scaled?.variance, score?.variance)
    }
  })

  it('is centred when propensities follow the outcomes, where the plain mean is not', () => {
    const random = seededRandom(4)
    const rates = [0.5, 0.5]
    const runs = 8000
    let scored = 0
    let plain = 0
    for (let run = 0; run < runs; run++) {
      const first = batch(1, [0.5, 0.5], drawUnits(random, [0.5, 0.5], rates, 20))
      const [a = 0, b = 0] = first.tallies.map(({ units, sum }) => sum / Math.max(1, units))
      const propensities = b > a ? [0.1, 0.9] : [0.9, 0.1]
      const ledger = [first, batch(2, propensities, drawUnits(random, propensities, rates, 80))]
      const score = scoreContrast(ledger, mean(1), 2)
      if (score !== null) scored += (score.weight * (score.estimate - 0.5)) / Math.sqrt(score.units)
      const { units, sum } = pooledTallies(ledger, 2)[1] ?? successes(0, 0)
      if (units > 0) plain += (sum / units - 0.5) / Math.sqrt(0.25 / units)
    }
    const standardError = 1 / Math.sqrt(runs)
    expect(Math.abs(scored / runs)).toBeLessThan(3 * standardError)
    expect(plain / runs).toBeLessThan(-6 * standardError)
  })

  it('keeps its digits when the mean is a million spreads away', () => {
    const random = seededRandom(5)
    const near = randomLedger(random, [0.2, 0.4], 30, 200)
    const shift = 1e6
    const far = near.map(each => ({
      ...each,
      tallies: each.tallies.map(({ units, sum, sumOfSquares }) => {
        return { units, sum: sum + shift * units, sumOfSquares: sumOfSquares + 2 * shift * sum + shift ** 2 * units }
      }),
    }))
    const score = scoreContrast(near, mean(1), 2)
    const shifted = scoreContrast(far, mean(1), 2, [shift, shift + 1])
    expectGolden(shifted?.estimate, shift + (score?.estimate ?? Number.NaN), 'estimate', 1e-12)
    // The sums of squares themselves, near 1e14 a batch, are rounded to a few hundredths here.
    expectGolden(shifted?.variance, score?.variance, 'variance', 1e-2)
  })

  it('gives finite results at one unit and at a billion', () => {
    const single = batch(1, [0.5, 0.5], [successes(1, 1), successes(0, 0)])
    const one = scoreContrast([single], mean(0), 2)
    expect(one).toMatchObject({ estimate: 1.5, units: 1 })
    expect(one?.variance).toBeCloseTo(1, 14)
    const many = [1, 2, 3].map(index =>
      batch(index, [0.999, 0.001], [successes(999e6, 499.5e6), successes(1e6, 0.6e6)]),
    )
    const huge = scoreContrast(many, lift(1, 0), 2)
    expect(huge?.estimate).toBeCloseTo(0.1, 3)
    expect(huge?.units).toBe(3e9)
  })
})

type Range = readonly [number, number]

function scoreContrast(ledger: Ledger, terms: readonly Term[], arms: number, range: Range = [0, 1]): Score | null {
  const contrast = new Contrast(terms)
  const predictor = new Predictor(arms, range)
  for (const each of matureBatches(ledger)) contrast.add(predictor.next(each))
  return contrast.score()
}
