import { describe, expect, it } from 'vitest'
import type { Policy } from '../../../src/bandit/policies/policy.ts'
import { propensitiesOf } from '../../../src/bandit/policies/propensities.ts'
import { betaPosterior, normalPosteriors, type Posterior } from '../../../src/stats/belief/posterior.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface PolicyCase {
  name: string
  policy: Exclude<Policy['type'], 'contextual'>
  goal: 'increase' | 'decrease'
  control: number
  active: number[]
  exploration: number | null
  controlShare: number | null
  weights: number[] | null
  prior?: [number, number]
  units?: number[]
  successes?: number[]
  normal?: { mean: number; variance: number }[]
  expected: { propensities: (number | null)[] }
}

interface ContinuousCase {
  name: string
  goal: 'increase' | 'decrease'
  policy: 'thompson'
  exploration: number
  N: number[]
  S: number[]
  Q: number[]
  expected: { propensities: number[] }
}

const policies = readGolden<{ cases: PolicyCase[] }>('policy')
const continuous = readGolden<{ cases: ContinuousCase[] }>('continuous-posterior')
const keyOf = (arm: number) => `arm-${arm}`

describe('propensitiesOf() equals the reference', () => {
  it.each(policies.cases)('$name', golden => {
    const armCount = golden.expected.propensities.length
    const actual = propensitiesOf(policyOf(golden), {
      posteriors: posteriorsOf(golden),
      active: Array.from({ length: armCount }, (_, arm) => golden.active.includes(arm)),
      control: golden.control,
      goal: golden.goal,
      keys: Array.from({ length: armCount }, (_, arm) => keyOf(arm)),
      allDecided: false,
    })
    expect(actual).toHaveLength(armCount)
    for (const [arm, expected] of golden.expected.propensities.entries())
      expectGolden(actual[arm], expected, golden.name)
  })
})

describe('propensitiesOf() equals the reference on continuous metrics', () => {
  it.each(continuous.cases)('$name', ({ N, S, Q, goal, exploration, expected }) => {
    const tallies = N.map((units, arm) => ({ units, sum: S[arm] ?? 0, sumOfSquares: Q[arm] ?? 0 }))
    const learned = normalPosteriors(tallies)
    const actual = propensitiesOf(
      { type: 'thompson', exploration, controlShare: null, prior: { alpha: 1, beta: 1 } },
      { ...knowing(learned.known ? learned.posteriors : null, N.length), goal },
    )
    for (const [arm, propensity] of expected.propensities.entries()) expectGolden(actual[arm], propensity)
  })
})

describe('propensitiesOf()', () => {
  const random = seededRandom(20260105)
  const randomPolicies = Array.from({ length: 60 }, () => {
    const armCount = 2 + Math.floor(random() * 12)
    const posteriors = Array.from({ length: armCount }, () => {
      const units = Math.floor(10 ** (5 * random()))
      return betaPosterior({ units, sum: Math.floor(units * random()), sumOfSquares: 0 }, { alpha: 1, beta: 1 })
    })
    const type = random() < 0.5 ? ('thompson' as const) : ('exploration' as const)
    const controlShare = random() < 0.5 ? 0.2 : null
    const exploration = 0.02 + 0.9 * random()
    return {
      policy: { type, exploration, controlShare, prior: { alpha: 1, beta: 1 } },
      knowledge: knowing(posteriors, armCount),
    }
  })

  it('sums to one, above the floor, whatever was learned', () => {
    for (const { policy, knowledge } of randomPolicies) {
      const propensities = propensitiesOf(policy, knowledge).map(propensity => propensity ?? 0)
      expect(propensities.reduce((sum, propensity) => sum + propensity, 0)).toBeCloseTo(1, 12)
      const sharing = policy.controlShare === null ? propensities : propensities.slice(1)
      const floor = (policy.exploration * (1 - (policy.controlShare ?? 0))) / sharing.length
      for (const propensity of sharing) expect(propensity).toBeGreaterThanOrEqual(floor - 1e-15)
      if (policy.controlShare !== null) expect(propensities[0]).toBe(policy.controlShare)
    }
  })

  it('permutes with the arms', () => {
    for (const { policy, knowledge } of randomPolicies.slice(0, 20)) {
      const free = { ...policy, controlShare: null }
      const forward = propensitiesOf(free, knowledge)
      const backward = propensitiesOf(free, { ...knowledge, posteriors: knowledge.posteriors?.toReversed() ?? null })
      for (const [arm, propensity] of backward.toReversed().entries())
        expect(propensity).toBeCloseTo(forward[arm] as number, 11)
    }
  })

  it('treats all arms alike while nothing can be known', () => {
    const policy = { type: 'thompson', exploration: 0.1, controlShare: 0.2, prior: { alpha: 1, beta: 1 } } as const
    expect(propensitiesOf(policy, knowing(null, 5))).toEqual([0.2, 0.2, 0.2, 0.2, 0.2])
  })

  it('gives one active arm everything, a reserved control included', () => {
    const policy = { type: 'thompson', exploration: 0.1, controlShare: 0.2, prior: { alpha: 1, beta: 1 } } as const
    expect(propensitiesOf(policy, { ...knowing(null, 3), active: [true, false, false] })).toEqual([1, null, null])
  })

  it('finds fixed weights by key, even a key that objects inherit', () => {
    const policy = { type: 'fixed', weights: { constructor: 0.25, b: 0.75 }, prior: { alpha: 1, beta: 1 } } as const
    expect(propensitiesOf(policy, { ...knowing(null, 2), keys: ['constructor', 'b'] })).toEqual([0.25, 0.75])
    expect(() =>
      propensitiesOf({ ...policy, weights: { b: 1 } }, { ...knowing(null, 2), keys: ['constructor', 'b'] }),
    ).toThrow('has no weight')
  })

  it('spreads what fixed weights miss of 1', () => {
    const policy = {
      type: 'fixed',
      weights: { 'arm-0': 0.5, 'arm-1': 0.5 - 9e-10 },
      prior: { alpha: 1, beta: 1 },
    } as const
    const [first = 0, second = 0] = propensitiesOf(policy, knowing(null, 2)).map(propensity => propensity ?? 0)
    expect(Math.abs(first + second - 1)).toBeLessThanOrEqual(1e-12)
  })

  it('refuses when no arm is active', () => {
    const policy = { type: 'uniform', controlShare: null, prior: { alpha: 1, beta: 1 } } as const
    expect(() => propensitiesOf(policy, { ...knowing(null, 2), active: [false, false] })).toThrow('no arm is active')
  })
})

function knowing(posteriors: readonly Posterior[] | null, armCount: number) {
  const arms = Array.from({ length: armCount }, (_, arm) => arm)
  return {
    posteriors,
    active: arms.map(() => true),
    control: 0,
    goal: 'increase' as const,
    keys: arms.map(keyOf),
    allDecided: false,
  }
}

function policyOf({ policy: type, exploration, controlShare, weights, prior }: PolicyCase): Policy {
  const beta = { alpha: prior?.[0] ?? 1, beta: prior?.[1] ?? 1 }
  if (type === 'fixed') {
    return {
      type,
      weights: Object.fromEntries((weights ?? []).map((weight, arm) => [keyOf(arm), weight])),
      prior: beta,
    }
  }
  if (type === 'uniform') return { type, controlShare, prior: beta }
  return { type, exploration: exploration ?? 0.1, controlShare, prior: beta }
}

function posteriorsOf({ normal, units, successes, prior }: PolicyCase): readonly Posterior[] | null {
  if (normal !== undefined) return normal.map(({ mean, variance }) => ({ family: 'normal', mean, variance }))
  if (units === undefined) return null
  const beta = { alpha: prior?.[0] ?? 1, beta: prior?.[1] ?? 1 }
  return units.map((count, arm) => betaPosterior({ units: count, sum: successes?.[arm] ?? 0, sumOfSquares: 0 }, beta))
}
