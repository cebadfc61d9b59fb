import { describe, expect, it } from 'vitest'
import { logOfMean } from '../../../src/stats/numerics/log-of-mean.ts'
import { bound, logEValue, tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import {
  mixtureBound,
  mixtureEstimateOf,
  mixtureLogEValue,
  type Spread,
  tuneMixture,
} from '../../../src/stats/sequences/mixture-sequence.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededNormal, seededRandom } from '../../support/samples/random.ts'

interface GoldenMixture {
  readonly V: number
  readonly v0: number
  readonly plannedUnits: number
  readonly alpha: number
  readonly exponents: readonly number[]
  readonly M: number
  readonly expected: { readonly bound: number; readonly logEValue: number }
}

const spread: Spread = { unitVariance: 1, exponents: [-1, 0, 1, 2, 3] }

describe('tuneMixture()', () => {
  it('agrees with golden bounds and e-values', () => {
    const golden = readGolden<{ mixture: readonly GoldenMixture[] }>('trust').mixture
    expect(golden.length).toBeGreaterThan(10)
    for (const [place, { V, v0, plannedUnits, alpha, exponents, M, expected }] of golden.entries()) {
      const tuning = tuneMixture(alpha, plannedUnits, { unitVariance: v0, exponents })
      expectGolden(mixtureBound(V, tuning), expected.bound, `mixture ${place}`)
      expectGolden(mixtureLogEValue(M, V, tuning), expected.logEValue, `mixture ${place}`)
    }
  })

  it('refuses an alpha outside (0, 0.5] and sizes that are not above 0', () => {
    expect(() => tuneMixture(0.6, 1000, spread)).toThrow(RangeError)
    expect(() => tuneMixture(0.05, 0, spread)).toThrow(RangeError)
    expect(() => tuneMixture(0.05, 1000, { ...spread, unitVariance: 0 })).toThrow(RangeError)
  })
})

describe('mixtureBound()', () => {
  it('is where e reaches 1/alpha, at any variance, and grows with it', () => {
    for (const alpha of [0.5, 0.05, 1e-6]) {
      const tuning = tuneMixture(alpha, 30_000, spread)
      let last = 0
      for (const variance of [0, 1e-12, 1, 1e3, 1e6, 1e9, 1e15]) {
        const at = mixtureBound(variance, tuning)
        expectGolden(mixtureLogEValue(at, variance, tuning), -Math.log(alpha), `variance ${variance}`, 1e-12)
        expect(at).toBeGreaterThan(last)
        last = at
      }
    }
  })

  it('is the plain bound for a single part', () => {
    const tuning = tuneMixture(0.05, 30_000, { unitVariance: 4, exponents: [0] })
    expectGolden(mixtureBound(5e4, tuning), bound(5e4, tuneSequence(0.05, 30_000, 4)), '', 1e-14)
  })

  it('stays near the bound tuned in hindsight where a single part is several times as wide', () => {
    const tuning = tuneMixture(0.05, 30_000, spread)
    const wrong = tuneSequence(0.05, 30_000)
    let worst = 0
    for (const unitVariance of [8, 1, 0.1, 0.01, 1e-3]) {
      const variance = 30_000 * unitVariance
      const hindsight = bound(variance, tuneSequence(0.05, 30_000, unitVariance))
      expect(mixtureBound(variance, tuning) / hindsight).toBeLessThan(1.2)
      worst = Math.max(worst, bound(variance, wrong) / hindsight)
    }
    expect(worst).toBeGreaterThan(3)
  })

  it('is crossed at any look by fewer than alpha of random walks, while 1.96 sd is crossed by most', () => {
    const normal = seededNormal(seededRandom(12))
    const tuning = tuneMixture(0.05, 200, spread)
    const bounds = Array.from({ length: 2000 }, (_, step) => mixtureBound(step + 1, tuning))
    const runs = 600
    const crossed = { bound: 0, naive: 0 }
    for (let run = 0; run < runs; run++) {
      let walk = 0
      const ever = { bound: false, naive: false }
      for (const [step, limit] of bounds.entries()) {
        walk += normal()
        ever.bound ||= Math.abs(walk) > limit
        ever.naive ||= Math.abs(walk) > 1.96 * Math.sqrt(step + 1)
      }
      if (ever.bound) crossed.bound++
      if (ever.naive) crossed.naive++
    }
    expect(crossed.bound / runs).toBeLessThan(0.05)
    expect(crossed.bound).toBeGreaterThan(0)
    expect(crossed.naive / runs).toBeGreaterThan(0.4)
  })
})

describe('mixtureEstimateOf()', () => {
  it('excludes 0 exactly when e reaches 1/alpha', () => {
    const tuning = tuneMixture(0.05, 1000, spread)
    let excluded = 0
    for (let estimate = -1; estimate <= 1; estimate += 1 / 512) {
      const score = { estimate, weight: 200, variance: 160, units: 200, batches: 2 }
      const { lower, upper, eValue, rawEstimate } = mixtureEstimateOf(score, tuning)
      const excludes = (lower ?? 0) > 0 || (upper ?? 0) < 0
      if (excludes) excluded++
      expect(excludes).toBe(eValue >= 20)
      expect(rawEstimate).toBe(estimate)
    }
    expect(excluded).toBeGreaterThan(100)
  })
})

describe('logOfMean()', () => {
  it('is the logarithm of the mean, also where the numbers overflow or vanish', () => {
    expect(logOfMean([Math.log(2), Math.log(4)])).toBeCloseTo(Math.log(3), 15)
    expect(logOfMean([1e6, 1e6 + Math.log(3)])).toBeCloseTo(1e6 + Math.log(2), 9)
    expect(logOfMean([-1e6, -1e6])).toBe(-1e6)
    expect(logOfMean([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY)
    expect(logOfMean([])).toBe(0)
  })
})

// The mean of the parts' e-values, added up plainly.
it('mixtureLogEValue() is the mean of the parts', () => {
  const tuning = tuneMixture(0.05, 1000, spread)
  const parts = tuning.rhoSquared.map(rhoSquared => Math.exp(logEValue(40, 900, rhoSquared)))
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length
  expectGolden(mixtureLogEValue(40, 900, tuning), Math.log(mean), '', 1e-13)
})
