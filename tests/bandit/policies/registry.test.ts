import { describe, expect, it } from 'vitest'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { propensitiesOf } from '../../../src/bandit/policies/propensities.ts'
import {
  CONTEXTUAL_TYPES,
  hasWeights,
  LEARNING_TYPES,
  learns,
  POLICIES,
  POLICY_TYPES,
  readsContext,
  weighOf,
} from '../../../src/bandit/policies/registry.ts'
import { definitionSchema } from '../../../src/http/input/definition-schema.ts'
import { openApiDocument } from '../../../src/http/openapi.ts'
import { betaPosterior } from '../../../src/stats/belief/posterior.ts'

const prior = { alpha: 1, beta: 1 }
const posteriorOf = (units: number, sum: number) => betaPosterior({ units, sum, sumOfSquares: sum }, prior)
const posteriors = [posteriorOf(1_000, 100), posteriorOf(1_000, 130), posteriorOf(1_000, 120)]

function propensities(
  type: (typeof LEARNING_TYPES)[number],
  controlShare: number | null,
  goal: 'increase' | 'decrease',
) {
  return propensitiesOf(
    { type, exploration: 0.1, controlShare, prior },
    { posteriors, active: [true, true, true], control: 0, goal, keys: ['a', 'b', 'c'], allDecided: false },
  )
}

describe('the registry of policies', () => {
  it('has each type once, thompson first', () => {
    expect(POLICY_TYPES).toEqual(['thompson', 'exploration', 'epsilon-greedy', 'uniform', 'fixed', 'contextual'])
    expect(LEARNING_TYPES.every(learns)).toBe(true)
    expect(CONTEXTUAL_TYPES.every(readsContext)).toBe(true)
    expect(learns('contextual') || learns('uniform') || learns('nothing') || learns(null)).toBe(false)
  })

  it('is what the schema, the document of the interface and new definitions know', () => {
    const document = JSON.stringify(openApiDocument())
    for (const { type, summary } of POLICIES) {
      expect(document).toContain(JSON.stringify(summary).slice(1, -1))
      const weights = hasWeights(type) ? { weights: { a: 0.5, b: 0.5 } } : {}
      const input = {
        key: 'x',
        arms: [{ key: 'a' }, { key: 'b' }],
        metrics: [{ key: 'm', type: 'binary', role: 'primary' }],
        policy: { type, ...weights },
      } as const
      expect(definitionSchema.safeParse(input).success).toBe(true)
      expect(completeDefinition(input).policy.type).toBe(type)
    }
  })
})

describe.each(LEARNING_TYPES)('%s', type => {
  it('weigh() answers weights that sum to one, the better arm never behind the worse', () => {
    const weights = weighOf(type)(posteriors, 'increase')
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9)
    expect(Math.min(...weights)).toBeGreaterThanOrEqual(0)
    const [worst = 1, best = 0, second = 1] = weights
    expect(best).toBeGreaterThanOrEqual(second)
    expect(second).toBeGreaterThanOrEqual(worst)
  })
})

describe('epsilon-greedy', () => {
  it('propensitiesOf() gives the best mean all but the exploration', () => {
    expect(propensities('epsilon-greedy', null, 'increase')).toEqual([0.1 / 3, 0.1 / 3 + 0.9, 0.1 / 3])
    expect(propensities('epsilon-greedy', null, 'decrease')).toEqual([0.1 / 3 + 0.9, 0.1 / 3, 0.1 / 3])
  })

  it('propensitiesOf() leaves the control its share, and divides the rest', () => {
    const [control, best = 0, other = 0] = propensities('epsilon-greedy', 0.2, 'increase') as number[]
    expect(control).toBe(0.2)
    expect(best).toBeCloseTo(0.8 * 0.95, 12)
    expect(other).toBeCloseTo(0.8 * 0.05, 12)
  })

  it('weigh() shares evenly among arms whose means are the same', () => {
    const alike = [posteriorOf(10, 3), posteriorOf(10, 1), posteriorOf(10, 3)]
    expect(weighOf('epsilon-greedy')(alike, 'increase')).toEqual([0.5, 0, 0.5])
  })
})
