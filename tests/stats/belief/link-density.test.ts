import { describe, expect, it } from 'vitest'
import { LOG_ODDS } from '../../../src/stats/belief/link.ts'
import { linkDensity } from '../../../src/stats/belief/link-density.ts'
import type { Posterior } from '../../../src/stats/belief/posterior.ts'

const beta = (alpha: number, b: number): Posterior => ({ family: 'beta', alpha, beta: b })
const normal = (mean: number, variance: number): Posterior => ({ family: 'normal', mean, variance })
const POSTERIORS = [
  beta(1, 1),
  beta(0.01, 0.01),
  beta(1, 1e6),
  beta(1e6, 0.5),
  beta(58, 944),
  beta(1e8, 9e8),
  beta(9e8, 1e8),
  normal(3, 4),
  normal(-1e6, 1e-6),
]

describe('LOG_ODDS', () => {
  it('converts to the natural scale and back', () => {
    for (const t of [-600, -20, -1e-9, 0, 3, 12]) {
      expect(LOG_ODDS.linked(LOG_ODDS.natural(t))).toBeCloseTo(t, 9)
    }
    expect(LOG_ODDS.natural(-4000)).toBe(0)
    expect(LOG_ODDS.natural(4000)).toBe(1)
  })

  it('rises as the integral of its slope, and keeps the digits of a rise next to one', () => {
    expect(LOG_ODDS.rise(-1, 2)).toBeCloseTo(LOG_ODDS.natural(2) - LOG_ODDS.natural(-1), 15)
    expect(LOG_ODDS.rise(40, 41) / (Math.exp(-40) - Math.exp(-41))).toBeCloseTo(1, 14)
  })
})

describe('linkDensity()', () => {
  it.each(POSTERIORS)('has its top at the mode and falls to nothing at the ends: %o', posterior => {
    const { mode, scale, from, to, logDensity } = linkDensity(posterior)
    expect(logDensity(0)).toBeCloseTo(0, 15)
    expect(logDensity(scale)).toBeLessThan(0)
    expect(logDensity(-scale)).toBeLessThan(0)
    for (const end of [from, to]) {
      expect(logDensity(end - mode)).toBeLessThan(-41.99)
      expect(logDensity(end - mode)).toBeGreaterThan(-48.01)
    }
  })

  it('is the Beta density of the odds, up to a constant', () => {
    const { mode, logDensity } = linkDensity(beta(3, 7))
    const plain = (t: number) => 3 * Math.log(LOG_ODDS.natural(t)) + 7 * Math.log(LOG_ODDS.natural(-t))
    for (const t of [-8, -2, 0, 1.5, 6]) expect(logDensity(t - mode)).toBeCloseTo(plain(t) - plain(mode), 12)
  })

  it('is continuous where the form of the Beta changes', () => {
    const { logDensity } = linkDensity(beta(0.01, 0.02))
    expect(logDensity(30 + 1e-12)).toBeCloseTo(logDensity(30), 12)
    expect(logDensity(4000)).toBeCloseTo(logDensity(2000) - 0.02 * 2000, 9)
  })

  it.each(POSTERIORS)('is reproduced by tilt and bend along a panel: %o', posterior => {
    const { link, mode, scale, from, to, logDensity, tilt, weight } = linkDensity(posterior)
    for (const start of [from, (from + mode) / 2, mode - scale, mode, mode + scale / 3, (mode + to) / 2]) {
      for (const step of [0.01 * scale, 0.7 * scale, 1.5 * scale]) {
        const followed = logDensity(start - mode) + tilt(start) * step - weight * link.bendFrom(start)(step)
        expect(Math.abs(followed - logDensity(start - mode + step))).toBeLessThan(1e-9)
      }
    }
  })

  it('is reproduced over a whole support of any width', () => {
    const { link, mode, from, to, logDensity, tilt, weight } = linkDensity(beta(0.01, 0.01))
    const followed = logDensity(from - mode) + tilt(from) * (to - from) - weight * link.bendFrom(from)(to - from)
    expect(followed).toBeCloseTo(logDensity(to - mode), 9)
  })
})
