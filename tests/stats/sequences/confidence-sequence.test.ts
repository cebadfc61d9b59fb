import { describe, expect, it } from 'vitest'
import {
  bound,
  estimateOf,
  evidenceAgainstZero,
  evidenceOf,
  logEValue,
  tuneSequence,
} from '../../../src/stats/sequences/confidence-sequence.ts'
import { seededNormal, seededRandom } from '../../support/samples/random.ts'

describe('tuneSequence()', () => {
  it('makes the bound tightest around the planned units', () => {
    for (const alpha of [0.05, 0.01, 0.0001]) {
      for (const plannedUnits of [1000, 30_000, 1e9]) {
        const tuned = tuneSequence(alpha, plannedUnits)
        const others = [0.25, 0.5, 0.8, 1.25, 2, 4].map(factor => ({ alpha, rhoSquared: tuned.rhoSquared * factor }))
        const best = Math.min(...others.map(other => bound(plannedUnits, other)))
        expect(bound(plannedUnits, tuned)).toBeLessThan(1.002 * best)
        expect(bound(plannedUnits, { alpha, rhoSquared: 50 * tuned.rhoSquared })).toBeGreaterThan(1.05 * best)
      }
    }
  })

  it('is tuned per variance of a unit where scores are not standardised', () => {
    const [plain, scaled] = [tuneSequence(0.05, 1000), tuneSequence(0.05, 1000, 9)]
    expect(bound(9 * 500, scaled)).toBeCloseTo(3 * bound(500, plain), 10)
  })

  it('refuses an alpha outside (0, 0.5] and sizes that are not above 0', () => {
    for (const alpha of [0, -0.1, 0.51, Number.NaN]) expect(() => tuneSequence(alpha, 1000)).toThrow(RangeError)
    expect(() => tuneSequence(0.05, 0)).toThrow(RangeError)
    expect(() => tuneSequence(0.05, 1000, 0)).toThrow(RangeError)
  })
})

describe('logEValue()', () => {
  it('is the normal mixture of likelihood ratios: ∫ exp(λM − λ²V/2) dNormal(λ; 0, ρ²)', () => {
    for (const [martingale, variance, rhoSquared] of [
      [0, 0, 1],
      [1.5, 2, 0.3],
      [-8, 10, 1],
      [30, 100, 0.01],
    ] as const) {
      expect(logEValue(martingale, variance, rhoSquared)).toBeCloseTo(
        Math.log(mixture(martingale, variance, rhoSquared)),
        10,
      )
    }
  })

  it('reaches ln(1/alpha) exactly on the bound', () => {
    for (const variance of [0, 1, 1e4, 1e12]) {
      for (const alpha of [0.05, 1e-4]) {
        const tuned = tuneSequence(alpha, 30_000)
        expect(logEValue(bound(variance, tuned), variance, tuned.rhoSquared)).toBeCloseTo(-Math.log(alpha), 10)
      }
    }
  })

  it('crosses its bound at any look in fewer than alpha of random walks, while 1.96 sd is crossed in most', () => {
    const normal = seededNormal(seededRandom(11))
    const tuned = tuneSequence(0.05, 200)
    const runs = 600
    let sequence = 0
    let naive = 0
    for (let run = 0; run < runs; run++) {
      let walk = 0
      let crossedBound = false
      let crossedNaive = false
      for (let variance = 1; variance <= 2000; variance++) {
        walk += normal()
        crossedBound ||= Math.abs(walk) > bound(variance, tuned)
        crossedNaive ||= Math.abs(walk) > 1.96 * Math.sqrt(variance)
      }
      if (crossedBound) sequence++
      if (crossedNaive) naive++
    }
    expect(sequence / runs).toBeLessThan(0.05)
    expect(sequence).toBeGreaterThan(0)
    expect(naive / runs).toBeGreaterThan(0.4)
  })
})

describe('evidenceOf()', () => {
  it('keeps the logarithm where the e-value overflows, and a p-value of at most 1', () => {
    expect(evidenceOf(1000)).toEqual({ logEValue: 1000, eValue: Infinity, pValue: 0 })
    expect(evidenceOf(0)).toEqual({ logEValue: 0, eValue: 1, pValue: 1 })
    expect(evidenceOf(-3).pValue).toBe(1)
  })
})

describe('estimateOf()', () => {
  const score = { estimate: 0.3, weight: 50, variance: 40, units: 40, batches: 2 }
  const tuned = tuneSequence(0.05, 1000)

  it('is unbounded, with no evidence, without a score', () => {
    const nothing = { estimate: null, rawEstimate: null, lower: null, upper: null, level: 0.95, units: 0, batches: 0 }
    expect(estimateOf(null, tuned)).toEqual(nothing)
    expect(evidenceAgainstZero(null, tuned)).toEqual({ logEValue: 0, eValue: 1, pValue: 1 })
  })

  it('excludes 0 exactly when e reaches 1/alpha', () => {
    let excluded = 0
    for (let estimate = -1; estimate <= 1; estimate += 1 / 512) {
      const { lower, upper } = estimateOf({ ...score, estimate }, tuned)
      const excludes = (lower ?? 0) > 0 || (upper ?? 0) < 0
      if (excludes) excluded++
      expect(excludes).toBe(evidenceAgainstZero({ ...score, estimate }, tuned).eValue >= 20)
    }
    expect(excluded).toBeGreaterThan(100)
  })
})

function mixture(martingale: number, variance: number, rhoSquared: number): number {
  const rho = Math.sqrt(rhoSquared)
  const step = 1e-4
  let sum = 0
  for (let z = -12; z <= 12; z += step) {
    const lambda = rho * z
    sum += Math.exp(lambda * martingale - (lambda ** 2 * variance) / 2 - z ** 2 / 2) * step
  }
  return sum / Math.sqrt(2 * Math.PI)
}
