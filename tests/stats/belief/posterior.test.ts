import { describe, expect, it } from 'vitest'
import { probabilityBest } from '../../../src/stats/belief/best-arm.ts'
import {
  betaPosterior,
  type NormalPosterior,
  normalPosteriors,
  posteriorMean,
} from '../../../src/stats/belief/posterior.ts'
import type { Goal } from '../../../src/stats/goal.ts'
import type { Tally } from '../../../src/stats/tally.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { successes } from '../../support/samples/ledgers.ts'

interface ContinuousCase {
  readonly name: string
  readonly goal: Goal
  readonly N: number[]
  readonly S: number[]
  readonly Q: number[]
  readonly expected:
    | { readonly uniform: true }
    | {
        readonly uniform: false
        readonly m: number[]
        readonly s2: number[]
        readonly variance: number[]
        readonly pBest: number[]
      }
}

const golden = readGolden<{ cases: readonly ContinuousCase[] }>('continuous-posterior')

describe('betaPosterior()', () => {
  it('adds successes and failures to the prior', () => {
    expect(betaPosterior(successes(10, 3))).toEqual({ family: 'beta', alpha: 4, beta: 8 })
    expect(betaPosterior(successes(10, 3), { alpha: 0.5, beta: 2 })).toEqual({ family: 'beta', alpha: 3.5, beta: 9 })
  })

  it('is the prior without units, and takes fractional counts', () => {
    expect(betaPosterior(successes(0, 0), { alpha: 0.01, beta: 0.01 })).toMatchObject({ alpha: 0.01, beta: 0.01 })
    expect(betaPosterior(successes(10.5, 2.25))).toMatchObject({ alpha: 3.25, beta: 9.25 })
  })

  it.each([
    [successes(10, 11), 'Cannot read 10 units with sum 11 as outcomes of 0 and 1'],
    [successes(10, -1), 'Cannot read 10 units with sum -1 as outcomes of 0 and 1'],
    [successes(Number.NaN, 0), 'Cannot read NaN units with sum 0 as outcomes of 0 and 1'],
  ])('refuses tallies that are not of 0/1 outcomes: %o', (tally, message) => {
    expect(() => betaPosterior(tally)).toThrow(new RangeError(message))
  })

  it.each([
    [0, 1],
    [1, -1],
    [Number.NaN, 1],
    [1, Number.POSITIVE_INFINITY],
  ])('refuses the prior Beta(%d, %d)', (alpha, beta) => {
    expect(() => betaPosterior(successes(1, 1), { alpha, beta })).toThrow(RangeError)
  })
})

describe('normalPosteriors() after corrections', () => {
  it('has no variance when refunds have rounded a sum of squares below 0', () => {
    const refunded = { units: 10, sum: 0, sumOfSquares: -1e-20 }
    expect(normalPosteriors([refunded, refunded])).toEqual({ known: false, reason: 'no variance' })
  })
})

describe('normalPosteriors()', () => {
  it.each(golden.cases)('agrees with the golden case "$name"', ({ goal, N, S, Q, expected }) => {
    const tallies = N.map((units, arm): Tally => ({ units, sum: S[arm] ?? 0, sumOfSquares: Q[arm] ?? 0 }))
    const found = normalPosteriors(tallies)
    expect(found.known).toBe(!expected.uniform)
    if (!found.known || expected.uniform) return
    found.posteriors.forEach(({ mean, variance }, arm) => {
      expectGolden(mean, expected.m[arm], `mean of arm ${arm}`)
      expectGolden(variance, expected.variance[arm], `variance of arm ${arm}`)
      expectGolden(variance * ((N[arm] ?? 0) + 1), expected.s2[arm], `variance of outcomes of arm ${arm}`)
    })
    probabilityBest(found.posteriors, goal).forEach((p, arm) => {
      expect(Math.abs(p - (expected.pBest[arm] ?? Number.NaN)), `P(best) of arm ${arm}`).toBeLessThanOrEqual(1e-9)
    })
  })

  it('returns the reason when there are none', () => {
    expect(normalPosteriors([])).toEqual({ known: false, reason: 'too few units' })
    expect(normalPosteriors([{ units: 1, sum: 3, sumOfSquares: 9 }])).toEqual({ known: false, reason: 'too few units' })
    expect(normalPosteriors([{ units: 9, sum: 0, sumOfSquares: 0 }])).toEqual({ known: false, reason: 'no variance' })
    // 0.1 is no binary fraction: Q − S²/N is rounding, not variance.
    expect(normalPosteriors([{ units: 10, sum: 1, sumOfSquares: 0.1 }])).toEqual({
      known: false,
      reason: 'no variance',
    })
  })

  it('give the same policy in cents as in dollars', () => {
    const dollars = [tallyOf([1, 2, 2, 7]), tallyOf([3, 3, 9]), tallyOf([])]
    const cents = dollars.map(({ units, sum, sumOfSquares }) => ({
      units,
      sum: 100 * sum,
      sumOfSquares: 1e4 * sumOfSquares,
    }))
    knownOf(dollars).forEach(({ mean, variance }, arm) => {
      const inCents = knownOf(cents)[arm]
      expect(inCents?.mean).toBeCloseTo(100 * mean, 9)
      expect(inCents?.variance).toBeCloseTo(1e4 * variance, 7)
    })
  })

  it('give an arm without units the mean and spread of all arms', () => {
    const [, idle] = knownOf([tallyOf([1, 2, 3, 6]), tallyOf([])])
    expect(idle).toEqual({ family: 'normal', mean: 3, variance: 14 / 4 })
  })

  it('stay accurate at 1e9 units', () => {
    const [sharp] = knownOf([{ units: 1e9, sum: 2e9, sumOfSquares: 5e9 }])
    expect(sharp?.mean).toBeCloseTo(2, 12)
    expect((sharp?.variance ?? 0) * 1e9).toBeCloseTo(1, 8)
  })

  it.each([[{ units: -1, sum: 0, sumOfSquares: 0 }], [{ units: 1, sum: Number.NaN, sumOfSquares: 0 }]])(
    'refuse %o',
    tally => {
      expect(() => normalPosteriors([tally])).toThrow(RangeError)
    },
  )
})

describe('posteriorMean()', () => {
  it('is the expectation of either family', () => {
    expect(posteriorMean({ family: 'beta', alpha: 3, beta: 9 })).toBe(0.25)
    expect(posteriorMean({ family: 'normal', mean: -7, variance: 2 })).toBe(-7)
  })
})

function tallyOf(outcomes: readonly number[]): Tally {
  const sum = outcomes.reduce((total, y) => total + y, 0)
  return { units: outcomes.length, sum, sumOfSquares: outcomes.reduce((total, y) => total + y * y, 0) }
}

function knownOf(tallies: readonly Tally[]): readonly NormalPosterior[] {
  const found = normalPosteriors(tallies)
  if (!found.known) throw new Error(found.reason)
  return found.posteriors
}
