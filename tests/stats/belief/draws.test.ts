import { describe, expect, it } from 'vitest'
import { drawBinomial, drawGamma, drawMultinomial, drawNormal } from '../../../src/stats/belief/draws.ts'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { normalExpectation } from '../../../src/stats/numerics/normal-expectation.ts'

const DRAWS = 20_000

describe('seededChance()', () => {
  it('gives the same numbers for the same seed and stream, and others for any other', () => {
    const first = (seed: number, stream: number) => Array.from({ length: 5 }, seededChance(seed, stream))
    expect(first(7, 3)).toEqual(first(7, 3))
    const others = [
      [8, 3],
      [7, 4],
      [7 + 2 ** 32, 3],
      [7, 3 + 2 ** 32],
      [3, 7],
    ] as const
    for (const [seed, stream] of others) expect(first(seed, stream)[0]).not.toBe(first(7, 3)[0])
  })

  it('is uniform on [0, 1), in neighbouring draws and in neighbouring streams', () => {
    const chance = seededChance(1)
    expect(
      chiSquare(
        Array.from({ length: DRAWS }, () => Math.floor(100 * chance())),
        100,
      ),
    ).toBeLessThan(160)
    const pairs = Array.from({ length: DRAWS }, () => 10 * Math.floor(10 * chance()) + Math.floor(10 * chance()))
    expect(chiSquare(pairs, 100)).toBeLessThan(160)
    const streams = Array.from({ length: DRAWS }, (_, stream) => Math.floor(100 * seededChance(1, stream)()))
    expect(chiSquare(streams, 100)).toBeLessThan(160)
    const lopsided = Array.from({ length: DRAWS }, () => Math.floor(100 * chance() ** 1.1))
    expect(chiSquare(lopsided, 100)).toBeGreaterThan(160)
  })

  it('refuses seeds that are no whole numbers of at least 0', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => seededChance(seed)).toThrow(RangeError)
  })
})

describe('drawBinomial()', () => {
  it.each([
    [1, 0.3],
    [7, 0.5],
    [40, 0.2],
    [40, 0.9],
    [300, 0.05],
    [300, 0.6],
    [5_000, 0.31],
    [1e9, 3e-8],
  ])('has the distribution of the successes among %d with probability %d', (trials, probability) => {
    const chance = seededChance(2, trials)
    const counts = Array.from({ length: DRAWS }, () => drawBinomial(trials, probability, chance))
    const { statistic, freedom } = againstBinomial(counts, trials, probability)
    expect(statistic).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom) + 4)
    const wrong = againstBinomial(
      counts,
      trials,
      probability + 0.04 * Math.sqrt((probability * (1 - probability)) / trials),
    )
    expect(wrong.statistic).toBeGreaterThan(statistic)
  })

  it('stays within its ends, and is exact on the mean and the variance of a billion', () => {
    const chance = seededChance(3)
    expect(drawBinomial(0, 0.5, chance)).toBe(0)
    expect(drawBinomial(9, 0, chance)).toBe(0)
    expect(drawBinomial(9, 1, chance)).toBe(9)
    const z = Array.from({ length: 4_000 }, () => (drawBinomial(1e9, 0.25, chance) - 2.5e8) / Math.sqrt(1.875e8))
    expect(Math.abs(meanOf(z))).toBeLessThan(0.06)
    expect(Math.abs(meanOf(z.map(each => each ** 2)) - 1)).toBeLessThan(0.09)
  })
})

describe('drawMultinomial()', () => {
  it('gives every unit to an arm with a share', () => {
    const chance = seededChance(4)
    const totals = [0, 0, 0, 0]
    for (let round = 0; round < 2_000; round++) {
      const counts = drawMultinomial(50, [0.2, 0, 0.7, 0.1], chance)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50)
      for (const [arm, count] of counts.entries()) totals[arm] = (totals[arm] ?? 0) + count
    }
    expect(totals[1]).toBe(0)
    for (const [arm, share] of [0.2, 0, 0.7, 0.1].entries()) expect((totals[arm] ?? 0) / 1e5).toBeCloseTo(share, 2)
    expect(drawMultinomial(3, [0.1, 0.2, 0.7, 0], chance)[3]).toBe(0)
  })
})

describe('drawNormal() and drawGamma()', () => {
  it('have their means and variances', () => {
    const chance = seededChance(5)
    const z = Array.from({ length: DRAWS }, () => drawNormal(chance))
    expect(Math.abs(meanOf(z))).toBeLessThan(0.03)
    expect(Math.abs(meanOf(z.map(each => each ** 2)) - 1)).toBeLessThan(0.04)
    for (const shape of [0.5, 1, 3.5, 400]) {
      const draws = Array.from({ length: DRAWS }, () => drawGamma(shape, chance))
      expect(Math.abs(meanOf(draws) - shape)).toBeLessThan(4 * Math.sqrt(shape / DRAWS))
      const variance = meanOf(draws.map(each => (each - shape) ** 2))
      expect(variance / shape).toBeGreaterThan(0.92)
      expect(variance / shape).toBeLessThan(1.08)
    }
  })
})

describe('normalExpectation()', () => {
  it('agrees with closed forms, kinks included', () => {
    expect(normalExpectation(() => 1)).toBeCloseTo(1, 14)
    expect(normalExpectation(z => z ** 4)).toBeCloseTo(3, 13)
    expect(normalExpectation(z => Math.exp(2 * z)) / Math.exp(2)).toBeCloseTo(1, 13)
    // E max(Z, 0) = φ(0).
    expect(normalExpectation(z => Math.max(z, 0), [0])).toBeCloseTo(1 / Math.sqrt(2 * Math.PI), 15)
    expect(
      Math.abs(normalExpectation(z => Math.max(z, 0.1)) - normalExpectation(z => Math.max(z, 0.1), [0.1])),
    ).toBeGreaterThan(1e-6)
  })
})

function chiSquare(places: readonly number[], cells: number): number {
  const counts = new Array<number>(cells).fill(0)
  for (const place of places) counts[place] = (counts[place] ?? 0) + 1
  const expected = places.length / cells
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** Chi-square of the counts in cells of at least ten expected draws. */
function againstBinomial(counts: readonly number[], trials: number, probability: number) {
  const seen = Map.groupBy(counts, count => count)
  let [statistic, freedom, expected, observed, cumulated] = [0, -1, 0, 0, 0]
  const highest = Math.min(trials, Math.ceil(trials * probability + 12 * Math.sqrt(trials * probability) + 20))
  const lowest = Math.max(0, Math.floor(trials * probability - 12 * Math.sqrt(trials * probability)))
  for (let k = lowest; k <= highest; k++) {
    expected += counts.length * Math.exp(logBinomial(k, trials, probability))
    observed += seen.get(k)?.length ?? 0
    if (expected < 10) continue
    statistic += (observed - expected) ** 2 / expected
    cumulated += expected
    freedom++
    expected = 0
    observed = 0
  }
  expect(cumulated / counts.length).toBeGreaterThan(0.99)
  return { statistic, freedom: Math.max(1, freedom) }
}

function logBinomial(k: number, n: number, p: number): number {
  let logChoose = 0
  for (let i = 1; i <= Math.min(k, n - k); i++) logChoose += Math.log((n - Math.min(k, n - k) + i) / i)
  return logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p)
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
