import { describe, expect, it } from 'vitest'
import { normalPosteriors } from '../../../src/stats/belief/posterior.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { ContextRule, freezeRule } from '../../../src/stats/context/frozen-rule.ts'
import { type ArmFit, fitSlopes, SHRINKAGES, type SlopesFit } from '../../../src/stats/context/slopes-fit.ts'
import { packedLength } from '../../../src/stats/numerics/packed-matrix.ts'
import { type GoldenUnit, momentsOf, randomContext } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededNormal, seededRandom } from '../../support/samples/random.ts'

interface GoldenCase {
  readonly name: string
  readonly arms: number
  readonly dimension: number
  readonly batches: readonly { readonly units: readonly GoldenUnit[]; readonly meanPropensity: readonly number[] }[]
  readonly expected: {
    readonly moments: readonly (readonly {
      n: number
      x: number[]
      xx: number[]
      y: number
      yy: number
      xy: number[]
    }[])[]
    readonly effective: readonly { N: number; S: number; Q: number; z: number[]; A: number[]; b: number[] }[]
    readonly commonMean: number
    readonly meanContext: readonly number[]
    readonly commonSlopes: readonly number[]
    readonly commonVariance: number
    readonly logEvidence: readonly number[]
    readonly shrinkage: number
    readonly coefficients: readonly (readonly number[])[]
    readonly precision: readonly (readonly number[])[]
    readonly variance: readonly number[]
    readonly explained: readonly number[]
    readonly beliefs: readonly { readonly x: readonly number[]; readonly means: number[]; readonly sds: number[] }[]
  }
}

const golden = readGolden<{ cases: readonly GoldenCase[] }>('context/posterior').cases

function batchesOf({ batches, arms, dimension }: GoldenCase): MomentBatch[] {
  return batches.map(({ units, meanPropensity }, place) => ({
    snapshot: place + 1,
    meanPropensity,
    arms: momentsOf(units, arms, dimension),
  }))
}

describe('the golden posteriors', () => {
  it('are four', () => expect(golden).toHaveLength(4))

  it.each(golden)('ContextSums and OutcomeSums give the moments of "$name"', one => {
    batchesOf(one).forEach(({ arms }, batch) => {
      arms.forEach(({ xx, xy, yy }, arm) => {
        const expected = one.expected.moments[batch]?.[arm]
        if (expected === undefined) throw new Error(`There are no moments of arm ${arm}`)
        expectGolden(xx[0], expected.n)
        expectAll(
          Array.from({ length: one.dimension }, (_, row) => xx[packedLength(row)] as number),
          expected.x,
        )
        expectAll(xx, expected.xx)
        expectAll(xy, expected.xy)
        expectGolden(xy[0], expected.y)
        expectGolden(yy, expected.yy)
      })
    })
  })

  it.each(golden)('effectiveMoments() and fitSlopes() give the fit of "$name"', one => {
    const { arms, dimension, expected } = one
    const effective = effectiveMoments(batchesOf(one), arms, dimension)
    effective.forEach(({ xx, xy, yy }, arm) => {
      const own = expected.effective[arm]
      expectGolden(xx[0], own?.N)
      expectGolden(xy[0], own?.S)
      expectGolden(yy, own?.Q)
      expectAll(xx, own?.A)
      expectAll(xy, own?.b)
    })
    const fit = fitSlopes(effective) as SlopesFit
    expectGolden(fit.commonMean, expected.commonMean)
    expectAll(fit.meanContext, expected.meanContext)
    expectAll(fit.commonSlopes, expected.commonSlopes)
    expectGolden(fit.commonVariance, expected.commonVariance)
    expectAll(fit.logEvidence, expected.logEvidence)
    expectGolden(fit.shrinkage, expected.shrinkage)
    fit.arms.forEach((own, arm) => {
      expectAll(own.coefficients, expected.coefficients[arm])
      expectAll(own.precision, expected.precision[arm])
      expectGolden(own.variance, expected.variance[arm])
      expectGolden(own.explained, expected.explained[arm])
    })
    const rule = new ContextRule(freezeRule(fit, { ...OPTIONS, active: new Array(arms).fill(true), dimension }))
    for (const { x, means, sds } of expected.beliefs) {
      const beliefs = rule.beliefsAt(Float64Array.from(x))
      expectAll(
        beliefs.map(belief => belief?.mean ?? Number.NaN),
        means,
      )
      expectAll(
        beliefs.map(belief => belief?.sd ?? Number.NaN),
        sds,
      )
    }
  })
})

const OPTIONS = { goal: 'increase', exploration: 0.1, reserved: null } as const

function expectAll(actual: ArrayLike<number>, expected: readonly number[] | undefined): void {
  expect(actual.length).toBe(expected?.length)
  for (let place = 0; place < actual.length; place++) expectGolden(actual[place], expected?.[place], `entry ${place}`)
}

function fitOf(units: readonly GoldenUnit[], arms: number, dimension: number, shrinkage?: number): SlopesFit {
  const fit = fitSlopes(momentsOf(units, arms, dimension), shrinkage)
  if (fit === null) throw new Error('Nothing is known')
  return fit
}

/** Units of two arms whose outcome is `slopes[arm] · x[1]` and noise of variance 1. */
function unitsWith(slopes: readonly [number, number], count: number, seed: number): GoldenUnit[] {
  const random = seededRandom(seed)
  const noise = seededNormal(random)
  return Array.from({ length: count }, (_, unit) => {
    const x = randomContext(random, 3)
    const arm = unit % 2
    return [arm, x, 2 + (slopes[arm] as number) * (x[1] as number) + noise()] as const
  })
}

describe('fitSlopes()', () => {
  it('knows nothing of fewer than two units, or of outcomes that are all alike', () => {
    expect(fitSlopes(momentsOf([], 2, 3))).toBeNull()
    expect(fitSlopes(momentsOf([[0, [1, 1, 0], 1]], 2, 3))).toBeNull()
    const alike = Array.from({ length: 50 }, (_, unit) => [unit % 2, [1, unit / 50, 0], 0.3] as const)
    expect(fitSlopes(momentsOf(alike, 2, 3))).toBeNull()
  })

  it('is, without features, the posterior of continuous metrics without context', () => {
    const units = unitsWith([0, 1], 300, 5).map(([arm, , outcome]) => [arm, [1], outcome] as const)
    const fit = fitOf(units, 2, 1)
    const tallies = momentsOf(units, 2, 1).map(({ xx, xy, yy }) => ({
      units: xx[0] as number,
      sum: xy[0] as number,
      sumOfSquares: yy,
    }))
    const plain = normalPosteriors(tallies)
    if (!plain.known) throw new Error('Nothing is known')
    plain.posteriors.forEach(({ mean, variance }, arm) => {
      const own = fit.arms[arm] as ArmFit
      expect(own.coefficients[0]).toBeCloseTo(mean, 12)
      expect(own.variance / (own.precision[0] as number)).toBeCloseTo(variance, 12)
    })
  })

  it('minimises the penalised squares, by its gradient at the coefficients', () => {
    const units = unitsWith([0.5, -0.5], 200, 6)
    const [own, moments] = [fitOf(units, 2, 3, 10), momentsOf(units, 2, 3)]
    const { commonMean, commonSlopes, meanContext } = own
    const intercept = commonMean - (meanContext[1] as number) * (commonSlopes[0] as number)
    const prior = [intercept - (meanContext[2] as number) * (commonSlopes[1] as number), ...commonSlopes]
    own.arms.forEach(({ coefficients, precision }, arm) => {
      // Λβ = Λ₀β₀ + b
      const [{ xx, xy }] = [moments[arm] as { xx: Float64Array; xy: Float64Array }]
      for (let row = 0; row < 3; row++) {
        const gap = [0, 1, 2].reduce(
          (sum, column) => {
            const at = row >= column ? packedLength(row) + column : packedLength(column) + row
            const lent = (precision[at] as number) - (xx[at] as number)
            return sum + (precision[at] as number) * (coefficients[column] as number) - lent * (prior[column] as number)
          },
          -(xy[row] as number),
        )
        expect(gap).toBeCloseTo(0, 9)
      }
    })
  })

  it('draws arms to the common slopes where they share them, and leaves them apart where they differ', () => {
    const shared = fitOf(unitsWith([1, 1], 4000, 7), 2, 3)
    const apart = fitOf(unitsWith([1, -1], 4000, 7), 2, 3)
    expect(shared.shrinkage).toBeGreaterThan(2000)
    expect(apart.shrinkage).toBeLessThan(100)
    expect(slopes(shared)[0]).toBeCloseTo(slopes(shared)[1] as number, 1)
    expect(slopes(apart)[0]).toBeCloseTo(1, 1)
    expect(slopes(apart)[1]).toBeCloseTo(-1, 1)
  })

  it('would not tell these apart with κ = 8⁶ for all (control of the law above)', () => {
    const fit = fitOf(unitsWith([1, -1], 4000, 7), 2, 3, SHRINKAGES.at(-1))
    expect(Math.abs((slopes(fit)[0] as number) - (slopes(fit)[1] as number))).toBeLessThan(0.05)
  })

  it('does not change when the metric is measured in cents, but by the unit', () => {
    const units = unitsWith([0.4, -0.2], 500, 8)
    const cents = units.map(([arm, x, outcome]) => [arm, x, 100 * outcome] as const)
    const [one, other] = [fitOf(units, 2, 3), fitOf(cents, 2, 3)]
    expect(other.shrinkage / one.shrinkage).toBeCloseTo(1, 9)
    one.arms.forEach(({ coefficients, variance }, arm) => {
      const same = other.arms[arm] as ArmFit
      coefficients.forEach((value, place) => {
        expect(same.coefficients[place]).toBeCloseTo(100 * value, 8)
      })
      expect(same.variance / variance).toBeCloseTo(10_000, 6)
    })
  })

  it('keeps its digits when outcomes are a thousand spreads away from 0', () => {
    const units = unitsWith([0.4, -0.2], 500, 9)
    const far = units.map(([arm, x, outcome]) => [arm, x, 2 ** 10 + Math.round(outcome * 2 ** 20) / 2 ** 20] as const)
    const near = far.map(([arm, x, outcome]) => [arm, x, outcome - 2 ** 10] as const)
    const [one, other] = [fitOf(near, 2, 3, 8), fitOf(far, 2, 3, 8)]
    expect(slopes(other)[0]).toBeCloseTo(slopes(one)[0] as number, 8)
  })
})

function slopes(fit: SlopesFit): number[] {
  return fit.arms.map(({ coefficients }) => coefficients[1] as number)
}
