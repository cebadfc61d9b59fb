import { describe, expect, it } from 'vitest'
import { unitsForMeans, unitsForProportions } from '../../src/stats/classical-sample-size.ts'

const USUAL = { alpha: 0.05, power: 0.8 }

describe('unitsForProportions()', () => {
  // power.prop.test(p1, p2, power, sig.level) of R; the last by its formula, in Python
  it.each([
    [0.1, 0.12, USUAL, 3_841],
    [0.5, 0.75, { alpha: 0.05, power: 0.9 }, 77],
    [0.01, 0.011, USUAL, 163_095],
  ])('answers for %f and %f what R does', (one, other, levels, expected) => {
    expect(unitsForProportions(one, other, levels)).toBe(expected)
    expect(unitsForProportions(other, one, levels)).toBe(expected)
  })

  it('answers null for rates that are the same, and refuses what is no rate or level', () => {
    expect(unitsForProportions(0.1, 0.1, USUAL)).toBeNull()
    expect(() => unitsForProportions(-0.1, 0.1, USUAL)).toThrow(RangeError)
    expect(() => unitsForProportions(0.1, 0.2, { alpha: 0, power: 0.8 })).toThrow(RangeError)
  })
})

describe('unitsForMeans()', () => {
  // power.t.test(delta, sd = 1, power, sig.level) of R, rounded up
  it.each([
    [0.5, USUAL, 64],
    [1, { alpha: 0.05, power: 0.9 }, 23],
    [0.05, USUAL, 6_281],
  ])('answers for a difference of %f standard deviations what R does, to one unit', (difference, levels, expected) => {
    const units = unitsForMeans(difference, [1, 1], levels) ?? 0
    expect(Math.abs(units - expected)).toBeLessThanOrEqual(1)
  })

  it('scales with the variances, and has no answer without a difference', () => {
    expect(unitsForMeans(5, [100, 100], USUAL)).toBe(unitsForMeans(0.5, [1, 1], USUAL))
    expect(unitsForMeans(0, [1, 1], USUAL)).toBeNull()
    expect(() => unitsForMeans(1, [-1, 1], USUAL)).toThrow(RangeError)
  })
})
