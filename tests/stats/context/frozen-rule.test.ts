import { describe, expect, it } from 'vitest'
import { ContextRule, type FrozenRule, freezeRule } from '../../../src/stats/context/frozen-rule.ts'
import { fitSlopes } from '../../../src/stats/context/slopes-fit.ts'
import type { Goal } from '../../../src/stats/goal.ts'
import { momentsOf, randomContext } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface GoldenCase {
  readonly name: string
  readonly means: readonly number[]
  readonly sds: readonly number[]
  readonly exploration: number
  readonly control: number
  readonly controlShare: number | null
  readonly goal: Goal
  readonly expected: { readonly probabilityBest: readonly number[]; readonly propensities: readonly number[] }
}

const golden = readGolden<{ cases: readonly GoldenCase[] }>('context/propensities').cases

/** With a single column, `x = [1]`, the belief of an arm is Normal(mean, sd²). */
function ruleOf(one: Omit<GoldenCase, 'name' | 'expected'>): FrozenRule {
  const { means, sds, exploration, control, controlShare, goal } = one
  return {
    arithmetic: 1,
    dimension: 1,
    goal,
    exploration,
    reserved: controlShare === null ? null : { arm: control, share: controlShare },
    shrinkage: 1,
    arms: means.map((mean, arm) => ({
      belief: { coefficients: [mean], inverseFactor: [1], sd: sds[arm] as number },
    })),
  }
}

const ONE = Float64Array.of(1)

describe('ContextRule', () => {
  it.each(golden)('gives the golden propensities of "$name", goal $goal', one => {
    const propensities = new ContextRule(ruleOf(one)).propensitiesAt(ONE)
    one.expected.propensities.forEach((expected, arm) => {
      expect(Math.abs((propensities[arm] as number) - expected)).toBeLessThanOrEqual(1e-9)
    })
    const best = new ContextRule(ruleOf({ ...one, exploration: 0, controlShare: null })).propensitiesAt(ONE)
    one.expected.probabilityBest.forEach((expected, arm) => {
      expect(Math.abs((best[arm] as number) - expected)).toBeLessThanOrEqual(1e-9)
    })
  })

  it('spreads everything evenly while nothing is known', () => {
    const options = { goal: 'increase', exploration: 0.1, dimension: 4 } as const
    const all = new ContextRule(freezeRule(null, { ...options, reserved: null, active: [true, true, false] }))
    expect([...all.propensitiesAt(Float64Array.of(1, 0, 0, 0))]).toEqual([0.5, 0.5, 0])
    const reserved = { arm: 1, share: 0.2 }
    const some = new ContextRule(freezeRule(null, { ...options, reserved, active: [true, true, true] }))
    expect([...some.propensitiesAt(Float64Array.of(1, 0, 0, 0))]).toEqual([0.4, 0.2, 0.4])
    expect(some.beliefsAt(Float64Array.of(1, 0, 0, 0))).toEqual([null, null, null])
  })

  it('gives one arm alone everything, also a control with a reserved share', () => {
    const options = { goal: 'increase', exploration: 0.1, dimension: 1, active: [false, true] } as const
    const rule = freezeRule(null, { ...options, reserved: { arm: 1, share: 0.2 } })
    expect([...new ContextRule(rule).propensitiesAt(ONE)]).toEqual([0, 1])
  })

  it('sums to one, keeps the floor and is the same after a way through JSON', () => {
    const random = seededRandom(41)
    const units = Array.from({ length: 400 }, (_, unit) => {
      const x = randomContext(random, 6)
      return [unit % 4, x, random() < 0.3 + 0.2 * (x[1] as number) * ((unit % 4) - 1.5) ? 1 : 0] as const
    })
    const fit = fitSlopes(momentsOf(units, 4, 6))
    const active = [true, true, false, true]
    const frozen = freezeRule(fit, { goal: 'decrease', exploration: 0.15, reserved: null, active, dimension: 6 })
    const [one, other] = [new ContextRule(frozen), new ContextRule(JSON.parse(JSON.stringify(frozen)))]
    for (let round = 0; round < 200; round++) {
      const x = Float64Array.from(randomContext(random, 6))
      const propensities = [...one.propensitiesAt(x)]
      expect(propensities).toEqual([...other.propensitiesAt(x)])
      expect(propensities[2]).toBe(0)
      expectGolden(
        propensities.reduce((sum, share) => sum + share, 0),
        1,
        '',
        1e-13,
      )
      for (const arm of [0, 1, 3]) expect(propensities[arm]).toBeGreaterThanOrEqual(0.05 - 1e-15)
    }
  })

  it('refuses a rule without an active arm, with a reserved arm that is not active, or of another size', () => {
    const frozen = ruleOf({
      means: [0, 1],
      sds: [1, 1],
      exploration: 0.1,
      control: 0,
      controlShare: null,
      goal: 'increase',
    })
    expect(() => new ContextRule({ ...frozen, arms: [null, null] })).toThrow('no arm is active')
    expect(() => new ContextRule({ ...frozen, reserved: { arm: 2, share: 0.2 } })).toThrow('is not active')
    expect(() => new ContextRule({ ...frozen, dimension: 2 })).toThrow('does not have 2 columns')
  })
})
