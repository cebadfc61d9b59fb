import { describe, expect, it } from 'vitest'
import { bound, tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { type Ratio, ratioInterval } from '../../../src/stats/sequences/ratio-interval.ts'
import { seededRandom } from '../../support/samples/random.ts'

const tuned = tuneSequence(0.05, 10_000)
const everywhere = [-Infinity, Infinity] as const

describe('ratioInterval()', () => {
  it('is A/C ± B/C while the variance does not depend on u', () => {
    const flat = { constant: 900, linear: 0, square: 0 }
    const [lower, upper] = ratioInterval(
      { numerator: 200, denominator: 50, variances: [flat, flat] },
      tuned,
      everywhere,
    )
    expect(lower).toBeCloseTo(4 - bound(900, tuned) / 50, 12)
    expect(upper).toBeCloseTo(4 + bound(900, tuned) / 50, 12)
  })

  it('finds the run around A/C and its first end, on seeded random ratios', () => {
    const random = seededRandom(21)
    let bounded = 0
    for (let round = 0; round < 300; round++) {
      const ratio = randomRatio(random)
      const [lower, upper] = ratioInterval(ratio, tuned, [0, 1e6])
      const centre = ratio.numerator / ratio.denominator
      for (const [end, limit] of [
        [lower, 0],
        [upper, 1e6],
      ] as const) {
        const reached = Number.isFinite(end) ? end : limit
        for (let share = 0; share < 1; share += 1 / 64) {
          expect(gap(ratio, centre + share ** 3 * (reached - centre))).toBeGreaterThan(-1e-9)
        }
        if (!Number.isFinite(end)) continue
        bounded++
        expect(Math.abs(gap(ratio, end))).toBeLessThan(1e-8 * bound(variance(ratio, end), tuned))
        expect(gap(ratio, end + 1e-4 * (end - centre))).toBeLessThan(0)
      }
    }
    expect(bounded).toBeGreaterThan(100)
    expect(bounded).toBeLessThan(600)
  })

  it('does not step over a gap to a second interval: B grows faster than u', () => {
    const ratio: Ratio = {
      numerator: 0,
      denominator: 1,
      variances: [
        { constant: 1, linear: 0, square: 0.02 },
        { constant: 0, linear: 0, square: 0 },
      ],
    }
    const [, upper] = ratioInterval(ratio, tuned, [0, 1e300])
    expect(upper).toBeLessThan(1e3)
    expect(gap(ratio, 2 * upper)).toBeLessThan(0)
    expect(gap(ratio, 1e100)).toBeGreaterThan(0)
  })

  it('is infinite where no end is within the limits', () => {
    const steep = { constant: 1, linear: 0, square: 1e6 }
    const ratio: Ratio = { numerator: 5, denominator: 1, variances: [steep, steep] }
    expect(ratioInterval(ratio, tuned, everywhere)).toEqual([-Infinity, Infinity])
    const flat = { constant: 1, linear: 0, square: 0 }
    const wide: Ratio = { numerator: 5, denominator: 1, variances: [flat, flat] }
    expect(ratioInterval(wide, tuned, [4.9, 5.1])).toEqual([-Infinity, Infinity])
  })
})

/** V as the squares of two random vectors `x − u y` would make it. */
function randomRatio(random: () => number): Ratio {
  const scale = 10 ** (6 * random())
  const quadratic = () => {
    const [x, y, angle] = [random() * scale, random() * scale, 2 * random() - 1]
    return { constant: x * x, linear: 2 * angle * x * y, square: y * y }
  }
  return { numerator: 20 * scale * random(), denominator: 20 * scale * random(), variances: [quadratic(), quadratic()] }
}

function variance({ variances }: Ratio, u: number): number {
  return Math.max(...variances.map(({ constant, linear, square }) => constant + u * (linear + u * square)))
}

function gap(ratio: Ratio, u: number): number {
  return bound(variance(ratio, u), tuned) - Math.abs(ratio.numerator - u * ratio.denominator)
}
