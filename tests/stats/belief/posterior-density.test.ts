import { describe, expect, it } from 'vitest'
import type { Posterior } from '../../../src/stats/belief/posterior.ts'
import { posteriorDensity } from '../../../src/stats/belief/posterior-density.ts'

const beta = (alpha: number, b: number): Posterior => ({ family: 'beta', alpha, beta: b })
const normal = (mean: number, variance: number): Posterior => ({ family: 'normal', mean, variance })

describe('posteriorDensity()', () => {
  it('is the density of either family on its natural scale', () => {
    const [low, high] = posteriorDensity(beta(2, 3), [0.25, 0.9]) as [number, number]
    expect(low).toBeCloseTo(12 * 0.25 * 0.75 ** 2, 12)
    expect(high).toBeCloseTo(12 * 0.9 * 0.1 ** 2, 12)
    expect(posteriorDensity(normal(5, 4), [5])[0]).toBeCloseTo(1 / (2 * Math.sqrt(2 * Math.PI)), 13)
  })

  it('refuses points where there is no density', () => {
    expect(() => posteriorDensity(beta(2, 3), [0])).toThrow(RangeError)
    expect(() => posteriorDensity(normal(0, 1), [Number.NaN])).toThrow(RangeError)
  })
})
