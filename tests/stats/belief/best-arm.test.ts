import { describe, expect, it } from 'vitest'
import { bestArm, probabilityBest } from '../../../src/stats/belief/best-arm.ts'
import { type Posterior, posteriorMean } from '../../../src/stats/belief/posterior.ts'
import { posteriorDensity } from '../../../src/stats/belief/posterior-density.ts'
import type { Goal } from '../../../src/stats/goal.ts'
import { integrate } from '../../../src/stats/numerics/quadrature.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface BestArmCase {
  readonly name: string
  readonly family: 'beta' | 'normal'
  readonly goal: Goal
  readonly arms: readonly { alpha: number; beta: number; mean: number; variance: number }[]
  readonly expected: {
    readonly pBest: number[]
    readonly pBeatsArm0: number[]
    readonly expectedLoss: number[]
    readonly quantiles: number[][]
  }
}

const golden = readGolden<{ cases: readonly BestArmCase[] }>('best-arm')
const LEVELS = [0.025, 0.5, 0.975]

const beta = (alpha: number, b: number): Posterior => ({ family: 'beta', alpha, beta: b })
const normal = (mean: number, variance: number): Posterior => ({ family: 'normal', mean, variance })
const posteriorsOf = ({ family, arms }: BestArmCase) =>
  arms.map(arm => (family === 'beta' ? beta(arm.alpha, arm.beta) : normal(arm.mean, arm.variance)))

const worstError = (actual: readonly number[], expected: readonly number[]) =>
  Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))))
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

describe('bestArm()', () => {
  it.each(golden.cases)('agrees with the golden case "$name"', example => {
    const { goal, expected } = example
    const standings = bestArm(posteriorsOf(example), { goal, control: 0, quantiles: LEVELS })
    const chances = standings.map(({ probabilityBest }) => probabilityBest)
    expect(worstError(chances, expected.pBest)).toBeLessThanOrEqual(1e-9)
    expect(Math.abs(sumOf(chances) - 1)).toBeLessThanOrEqual(1e-12)
    const beats = standings.map(({ probabilityBeatsControl }) => probabilityBeatsControl ?? Number.NaN)
    expect(worstError(beats, expected.pBeatsArm0)).toBeLessThanOrEqual(1e-9)
    standings.forEach(({ expectedLoss, quantiles }, arm) => {
      expectGolden(expectedLoss, expected.expectedLoss[arm], `loss of arm ${arm}`)
      quantiles.forEach((value, level) => {
        expectGolden(value, expected.quantiles[arm]?.[level], `quantile ${level} of arm ${arm}`)
      })
    })
  })

  it('is P(θ > flat) = a/(a + b) against a flat arm', () => {
    for (const [a, b] of [
      [3, 9],
      [0.01, 0.01],
      [0.5, 2000],
      [4e8, 6e8],
      [1, 1e9],
    ] as const) {
      const [flat, other] = bestArm([beta(1, 1), beta(a, b)], { goal: 'increase', control: 0 })
      expect(Math.abs((other?.probabilityBest ?? 0) - a / (a + b))).toBeLessThan(1e-12)
      expect(Math.abs((other?.probabilityBeatsControl ?? 0) - a / (a + b))).toBeLessThan(1e-12)
      // E[max(U, θ)] − E[θ] = E[(1 − θ)²]/2 for a flat U.
      const loss = (b * (b + 1)) / ((a + b) * (a + b + 1)) / 2
      expect(Math.abs((other?.expectedLoss ?? 0) / loss - 1)).toBeLessThan(1e-11)
      expect(flat?.probabilityBeatsControl).toBe(0.5)
    }
  })

  it('is Φ(δ/s) for two Normals, with loss s·φ(δ/s) − δ·Φ(−δ/s)', () => {
    // Φ(1) and φ(1) to 16 digits (Abramowitz & Stegun 1964, table 26.1).
    const [lower, upper] = [0.1586552539314571, 0.8413447460685429]
    const density = 0.2419707245191434
    for (const unit of [1e-6, 1, 1e6]) {
      const arms = [normal(unit, 9 * unit ** 2), normal(6 * unit, 16 * unit ** 2)]
      const [behind, ahead] = bestArm(arms, { goal: 'increase', control: 0 })
      expect(behind?.probabilityBest).toBeCloseTo(lower, 14)
      expect(ahead?.probabilityBest).toBeCloseTo(upper, 14)
      expect(ahead?.probabilityBeatsControl).toBeCloseTo(upper, 14)
      expect((ahead?.expectedLoss ?? 0) / (5 * unit)).toBeCloseTo(density - lower, 13)
      expect((behind?.expectedLoss ?? 0) / (5 * unit)).toBeCloseTo(density + upper, 13)
    }
  })

  it('gives quantiles in closed form where there is one', () => {
    const levels = [1e-9, 0.01, 0.5, 0.975]
    const [power] = bestArm([beta(7, 1)], { goal: 'increase', quantiles: levels })
    const [gaussian] = bestArm([normal(1e6, 4)], { goal: 'increase', quantiles: [0.975] })
    power?.quantiles.forEach((value, i) => {
      expect(value / (levels[i] as number) ** (1 / 7)).toBeCloseTo(1, 12)
    })
    expect(gaussian?.quantiles[0]).toBeCloseTo(1e6 + 2 * 1.959963984540054, 9)
  })

  it('is certain of a single arm', () => {
    expect(bestArm([beta(3, 4)], { goal: 'decrease', control: 0 })).toEqual([
      { probabilityBest: 1, probabilityBeatsControl: 0.5, expectedLoss: 0, quantiles: [] },
    ])
  })

  it('omits what was not requested', () => {
    const [arm] = bestArm([beta(3, 4), beta(5, 6)], { goal: 'increase' })
    expect(arm).toMatchObject({ probabilityBeatsControl: null, quantiles: [] })
  })

  it('keeps the digits of a loss that a difference of means near 0.1 cannot show', () => {
    const arms = [beta(1e8, 9e8), beta(1e8 + 1e5, 9e8 - 1e5)]
    const [behind = 0, ahead = 0] = arms.map(posteriorMean)
    const [, standing] = bestArm(arms, { goal: 'increase' })
    const s = Math.sqrt(sumOf(arms.map(varianceOf)))
    const z = (ahead - behind) / s
    // Of two Normals: s·(φ(z) − z·Φ(−z)) = s·φ(z)·(1/z² − 3/z⁴ + 15/z⁶ − …), between any two
    // partial sums.
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
    expect(standing?.expectedLoss).toBeGreaterThan(0.97 * s * density * (z ** -2 - 3 * z ** -4))
    expect(standing?.expectedLoss).toBeLessThan(1.03 * s * density * z ** -2)
    expect(ahead + (standing?.expectedLoss ?? 0)).toBe(ahead)
  })

  it('satisfies its laws on random arms', () => {
    const random = seededRandom(21)
    for (let round = 0; round < 60; round++) {
      const arms = randomArms(random)
      const goal = random() < 0.5 ? 'increase' : 'decrease'
      const options = { goal, control: 0, quantiles: LEVELS } as const
      const standings = bestArm(arms, options)
      expect(Math.abs(sumOf(standings.map(({ probabilityBest }) => probabilityBest)) - 1)).toBeLessThan(1e-12)
      for (const { probabilityBest, probabilityBeatsControl, expectedLoss, quantiles } of standings) {
        for (const p of [probabilityBest, probabilityBeatsControl]) expect(p).toSatisfy((q: number) => q >= 0 && q <= 1)
        expect(expectedLoss).toBeGreaterThanOrEqual(0)
        expect([...quantiles].sort((a, b) => a - b)).toEqual(quantiles)
      }
      // Losses differ as the means do: E[max] is the same for all.
      const sign = goal === 'increase' ? 1 : -1
      const bests = standings.map(
        ({ expectedLoss }, arm) => posteriorMean(arms[arm] as Posterior) + sign * expectedLoss,
      )
      expect(Math.max(...bests) - Math.min(...bests)).toBeLessThan(1e-11 * Math.max(1, ...bests.map(Math.abs)))
    }
  })

  it('gives permuted arms permuted answers', () => {
    const random = seededRandom(22)
    for (let round = 0; round < 30; round++) {
      const arms = randomArms(random)
      const forwards = bestArm(arms, { goal: 'increase', control: 0 })
      const backwards = bestArm(arms.toReversed(), { goal: 'increase', control: arms.length - 1 }).toReversed()
      expect(worstError(chancesOf(backwards), chancesOf(forwards))).toBeLessThan(1e-13)
      expect(worstError(lossesOf(backwards), lossesOf(forwards))).toBeLessThan(
        1e-11 * Math.max(1, ...lossesOf(forwards)),
      )
    }
  })

  it('turns `increase` into `decrease` when successes turn into failures, and values into their negatives', () => {
    const random = seededRandom(23)
    for (let round = 0; round < 30; round++) {
      const arms = randomArms(random)
      const mirrored = arms.map(arm =>
        arm.family === 'beta' ? beta(arm.beta, arm.alpha) : normal(-arm.mean, arm.variance),
      )
      const up = bestArm(arms, { goal: 'increase', control: 0, quantiles: [0.1] })
      const down = bestArm(mirrored, { goal: 'decrease', control: 0, quantiles: [0.9] })
      up.forEach(({ probabilityBest, probabilityBeatsControl, expectedLoss, quantiles }, arm) => {
        const other = down[arm]
        expect(other?.probabilityBest).toBeCloseTo(probabilityBest, 11)
        expect(other?.probabilityBeatsControl).toBeCloseTo(probabilityBeatsControl ?? Number.NaN, 11)
        expectGolden(other?.expectedLoss, expectedLoss)
        const [low = 0] = quantiles
        expectGolden(other?.quantiles[0], arms[arm]?.family === 'beta' ? 1 - low : -low)
      })
    }
  })

  it('keeps its accuracy at the extremes', () => {
    const extremes = [
      [beta(0.01, 0.01), beta(0.01, 1e9), beta(1e9, 0.01), beta(5e8, 5e8)],
      [beta(1, 1), beta(1, 2), beta(2, 1)],
      [normal(0, 1e-24), normal(-1e3, 1e6), normal(1e3, 1e-18), normal(1e9, 1e18)],
      Array.from({ length: 200 }, (_, arm) => beta(1 + 1e5 + arm, 9e5)),
    ]
    for (const arms of extremes) {
      const standings = bestArm(arms, { goal: 'increase', control: 0, quantiles: LEVELS })
      expect(Math.abs(sumOf(chancesOf(standings)) - 1)).toBeLessThan(1e-12)
      const numbers = standings.flatMap(({ expectedLoss, quantiles }) => [expectedLoss, ...quantiles])
      expect(numbers.every(Number.isFinite)).toBe(true)
    }
    // A tie of identical arms is a tie, however sharp they are.
    const tie = bestArm(
      Array.from({ length: 5 }, () => normal(1e9, 1e-18)),
      { goal: 'increase' },
    )
    for (const chance of chancesOf(tie)) expect(chance).toBeCloseTo(0.2, 13)
  })

  it.each<[string, readonly Posterior[], Parameters<typeof bestArm>[1], string]>([
    ['no arms', [], { goal: 'increase' }, 'there are no posteriors'],
    ['mixed families', [beta(1, 1), normal(0, 1)], { goal: 'increase' }, 'a beta posterior with a normal one'],
    ['a count of zero', [beta(0, 1)], { goal: 'increase' }, 'Beta(0, 1)'],
    ['a count that is no number', [beta(1, Number.NaN)], { goal: 'increase' }, 'Beta(1, NaN)'],
    ['an infinite count', [beta(Number.POSITIVE_INFINITY, 1)], { goal: 'increase' }, 'Beta(Infinity, 1)'],
    ['a variance of zero', [normal(0, 0)], { goal: 'increase' }, 'Normal(0, 0)'],
    ['an infinite mean', [normal(Number.POSITIVE_INFINITY, 1)], { goal: 'increase' }, 'Normal(Infinity, 1)'],
    ['a control that is not there', [beta(1, 1)], { goal: 'increase', control: 1 }, 'control 1'],
    ['a quantile at level 1', [beta(1, 1)], { goal: 'increase', quantiles: [1] }, 'level 1'],
  ])('refuses %s', (_, arms, options, message) => {
    expect(() => bestArm(arms, options)).toThrow(RangeError)
    expect(() => bestArm(arms, options)).toThrow(message)
  })
})

describe('probabilityBest()', () => {
  it('gives exactly the numbers of bestArm()', () => {
    const random = seededRandom(24)
    for (let round = 0; round < 20; round++) {
      const arms = randomArms(random)
      expect(probabilityBest(arms, 'decrease')).toEqual(
        chancesOf(bestArm(arms, { goal: 'decrease', control: 0, quantiles: LEVELS })),
      )
    }
  })

  it('keeps the digits of the chance of not being best', () => {
    // Against a flat arm: P(θ < U) = 1 − a/(a + b) = b/(a + b), here 1e-9.
    const [complement = 0] = probabilityBest([beta(1, 1), beta(1e9 - 1, 1)], 'increase')
    expect(complement / 1e-9).toBeCloseTo(1, 11)
  })

  it('refuses what bestArm() refuses', () => {
    expect(() => probabilityBest([], 'increase')).toThrow(RangeError)
    expect(() => probabilityBest([beta(1, 1), beta(-1, 1)], 'increase')).toThrow(RangeError)
  })
})

describe('cheaper ways to P(best) fail the same tolerance', () => {
  const sharpCases = golden.cases.filter(({ family, arms }) => family === 'beta' && arms.length === 2)

  it('one panel over the whole range misses narrow posteriors', () => {
    const errors = sharpCases.map(example => worstError(bySinglePanel(posteriorsOf(example)), example.expected.pBest))
    expect(errors.filter(error => !(error <= 1e-9)).length).toBeGreaterThan(errors.length / 2)
  })

  it('a Normal with the same mean and variance is not the Beta', () => {
    const asNormals = (arms: readonly Posterior[]) => arms.map(arm => normal(posteriorMean(arm), varianceOf(arm)))
    const cases = golden.cases.filter(({ name }) =>
      ['rare events', 'random, 5 arms', 'close race at 1e6'].includes(name),
    )
    expect(cases).toHaveLength(3)
    for (const example of cases) {
      const arms = posteriorsOf(example)
      expect(worstError(probabilityBest(asNormals(arms), example.goal), example.expected.pBest)).toBeGreaterThan(1e-9)
    }
  })
})

const chancesOf = (standings: ReturnType<typeof bestArm>) => standings.map(({ probabilityBest }) => probabilityBest)
const lossesOf = (standings: ReturnType<typeof bestArm>) => standings.map(({ expectedLoss }) => expectedLoss)

/** 2 to 12 arms of one family, with anything from no unit to 1e8, close together or far apart. */
function randomArms(random: () => number): Posterior[] {
  const isBeta = random() < 0.7
  const prior = [1, 0.5, 0.01][Math.floor(3 * random())] ?? 1
  const center = random()
  const spread = random() ** 3
  return Array.from({ length: 2 + Math.floor(11 * random()) }, () => {
    const place = center + spread * (random() - 0.5)
    if (!isBeta) return normal(10 * place, 10 ** (-8 + 10 * random()))
    const units = Math.floor(10 ** (8 * random())) - 1
    const sum = Math.floor(units * Math.min(1, Math.max(0, place)))
    return beta(prior + sum, prior + units - sum)
  })
}

function varianceOf(posterior: Posterior): number {
  if (posterior.family === 'normal') return posterior.variance
  const { alpha, beta: b } = posterior
  return (alpha * b) / ((alpha + b) ** 2 * (alpha + b + 1))
}

/** P(best) of two arms by 16 nodes over (0, 1), normalised so that it sums to one. */
function bySinglePanel(arms: readonly Posterior[]): number[] {
  const density = (arm: Posterior, x: number) => posteriorDensity(arm, [x])[0] as number
  const [one, other] = arms as [Posterior, Posterior]
  const wins = (winner: Posterior, loser: Posterior) =>
    integrate(x => density(winner, x) * integrate(y => density(loser, y), x), 1)
  const chances = [wins(one, other), wins(other, one)]
  return chances.map(chance => chance / sumOf(chances))
}
