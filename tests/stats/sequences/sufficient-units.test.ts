import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/stats/ledger.ts'
import { estimateEffects } from '../../../src/stats/lift/lift.ts'
import { sufficientUnits } from '../../../src/stats/sequences/sufficient-units.ts'
import { batch, drawUnits } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const PLANNED = 30_000
const ALPHA = 0.05
const RUNS = 100

/**
 * A first batch of 20 units and then, as the service refreshes, batches of at least one unit and a
 * fiftieth.
 */
function experiment(random: () => number, propensities: readonly number[], rates: readonly number[], units: number) {
  const batches: Batch[] = []
  for (let before = 0; before < units; ) {
    const size = Math.min(units - before, before === 0 ? 20 : Math.ceil(before / 50))
    batches.push(batch(batches.length + 1, propensities, drawUnits(random, propensities, rates, size)))
    before += size
  }
  return estimateEffects(batches, {
    arms: rates.length,
    control: 0,
    metric: { range: [0, 1], goal: 'increase' },
    alpha: ALPHA,
    plannedUnits: PLANNED,
  })
}

describe('sufficientUnits()', () => {
  it('agrees with the formula, for a mean and for a lift', () => {
    const options = { alpha: ALPHA, plannedUnits: PLANNED }
    const ofMean = sufficientUnits({ ...options, propensities: [0.5], halfWidth: 0.5 })
    // B(n)² = (n + 1/ρ²) ln((ρ² n + 1)/α²), ρ² = (−2 ln α + ln(1 − 2 ln α))/n*
    const rhoSquared = (-2 * Math.log(ALPHA) + Math.log(1 - 2 * Math.log(ALPHA))) / PLANNED
    const halfWidth = (n: number, variance: number) =>
      (Math.sqrt((n + 1 / rhoSquared) * Math.log((rhoSquared * n + 1) / ALPHA ** 2)) / n) * Math.sqrt(variance)
    expect(halfWidth(ofMean, 0.5)).toBeLessThanOrEqual(0.5)
    expect(halfWidth(ofMean - 1, 0.5)).toBeGreaterThan(0.5)
    const ofLift = sufficientUnits({ ...options, propensities: [0.2, 0.05], halfWidth: 1 })
    expect(halfWidth(ofLift, 5 / 4 + 5)).toBeLessThanOrEqual(1)
    expect(halfWidth(ofLift - 1, 5 / 4 + 5)).toBeGreaterThan(1)
  })

  it('grows as an arm gets less', () => {
    const units = [0.5, 0.2, 0.05, 0.001].map(propensity =>
      sufficientUnits({ alpha: ALPHA, plannedUnits: PLANNED, propensities: [propensity], halfWidth: 0.5 }),
    )
    expect(units).toEqual(units.toSorted((a, b) => a - b))
  })

  it.each([[[]], [[0]], [[0.5, Number.NaN]]])('refuses the propensities %j', propensities => {
    const options = { alpha: ALPHA, plannedUnits: PLANNED, halfWidth: 0.5 }
    expect(() => sufficientUnits({ ...options, propensities })).toThrow(RangeError)
  })

  it.each([
    ['two arms, 5 %', [0.5, 0.5], [0.05, 0.05]],
    ['two arms, 50 %', [0.5, 0.5], [0.5, 0.5]],
    ['two arms, 95 %', [0.9, 0.1], [0.95, 0.95]],
    ['three arms, 30 %', [0.2, 0.7, 0.1], [0.3, 0.3, 0.3]],
    ['an arm with little, 50 %', [0.5, 0.48, 0.02], [0.5, 0.5, 0.5]],
  ] as const)('is when means and lifts begin to say something, and a quarter of it is not: %s', (_, shares, rates) => {
    const random = seededRandom(15)
    const last = rates.length - 1
    const options = { alpha: ALPHA, plannedUnits: PLANNED }
    const ofMean = sufficientUnits({ ...options, propensities: [shares[last] ?? 0], halfWidth: 0.5 })
    const lift = { alpha: ALPHA / last, plannedUnits: PLANNED, propensities: [shares[last] ?? 0, shares[0]] }
    const ofLift = sufficientUnits({ ...lift, halfWidth: 1 })
    const isMeanWide = (units: number) => {
      const { lower, upper } = experiment(random, shares, rates, units).means[last] ?? {}
      return (lower ?? 0) <= 0 && (upper ?? 1) >= 1
    }
    const isLiftWide = (units: number) => {
      const { lower, upper } = experiment(random, shares, rates, units).lifts[last] ?? {}
      return (lower ?? -1) <= -1 && (upper ?? 1) >= 1
    }
    const count = (isWide: (units: number) => boolean, units: number) =>
      Array.from({ length: RUNS }, () => isWide(units)).filter(wide => wide).length
    expect(count(isMeanWide, ofMean)).toBeLessThanOrEqual(0.05 * RUNS)
    expect(count(isLiftWide, ofLift)).toBeLessThanOrEqual(0.05 * RUNS)
    // The control, which must fail.
    expect(count(isMeanWide, Math.round(ofMean / 4))).toBeGreaterThan(0.9 * RUNS)
    expect(count(isLiftWide, Math.round(ofLift / 4))).toBeGreaterThan(0.9 * RUNS)
  })
})
