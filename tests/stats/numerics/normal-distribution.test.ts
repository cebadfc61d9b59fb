import { describe, expect, it } from 'vitest'
import { normalCdf } from '../../../src/stats/numerics/normal-distribution.ts'

describe('normalCdf()', () => {
  it('agrees with published values', () => {
    // By mpmath, 30 digits.
    const known = [
      [0, 0.5],
      [1, 0.8413447460685429],
      [-1, 0.15865525393145705],
      [2.5, 0.993790334674224],
      [-4.123456789, 1.866142514569093e-5],
      [-6, 9.865876450376981e-10],
    ] as const
    for (const [z, expected] of known) expect(Math.abs(normalCdf(z) - expected)).toBeLessThan(2e-14)
  })

  it('agrees with the integral of the density by Simpson, between and at the tabulated points', () => {
    for (let z = -8; z < 8; z += 0.01237) {
      const width = 1e-3
      const density = (at: number) => Math.exp(-0.5 * at * at) / Math.sqrt(2 * Math.PI)
      const step = (width / 6) * (density(z) + 4 * density(z + width / 2) + density(z + width))
      expect(Math.abs(normalCdf(z + width) - normalCdf(z) - step)).toBeLessThan(4e-14)
    }
  })

  it('is symmetric, never falls beyond rounding, and has ends', () => {
    let before = 0
    for (let z = -9; z < 9; z += 0.0011) {
      const value = normalCdf(z)
      expect(Math.abs(value + normalCdf(-z) - 1)).toBeLessThan(1e-15)
      expect(value).toBeGreaterThan(before - 2e-14)
      before = value
    }
    expect([normalCdf(-Infinity), normalCdf(-9), normalCdf(9), normalCdf(Infinity)]).toEqual([0, 0, 1, 1])
  })
})
