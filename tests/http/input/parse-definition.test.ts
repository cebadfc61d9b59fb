// Every fault of a definition is told in one answer: a field that cannot be read hides none of its
// neighbours' faults.
import { describe, expect, it } from 'vitest'
import { BanditError } from '../../../src/bandit/errors.ts'
import { parseDefinition } from '../../../src/http/input/parse-definition.ts'
import { parseSimulation } from '../../../src/http/input/simulation-schema.ts'
import { FEATURES } from '../../support/http/contexts.ts'

const ARMS = [{ key: 'control' }, { key: 'mens' }]
const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const VALID = { key: 'spring-email', arms: ARMS, metrics: [VISIT] }

function faultsOf(parse: () => unknown): readonly string[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof BanditError) return error.faults.map(({ path }) => path)
    throw error
  }
}

const pathsOf = (changes: object) => faultsOf(() => parseDefinition({ ...VALID, ...changes }))

describe('parseDefinition()', () => {
  it.each<[string, object, string[]]>([
    [
      'a type hides no key and no window',
      { metrics: [VISIT, { key: 'Revenue', type: 'continous', window: '7 days' }] },
      ['metrics[1].type', 'metrics[1].key', 'metrics[1].window'],
    ],
    [
      'a type hides no range that suits none',
      { metrics: [VISIT, { key: 'revenue', type: 'continous', range: [5, 1] }] },
      ['metrics[1].type', 'metrics[1].range'],
    ],
    [
      'a type asks for no range that may be right',
      { metrics: [VISIT, { key: 'revenue', type: 'continous' }] },
      ['metrics[1].type'],
    ],
    [
      'a range that cannot be read is told once',
      { metrics: [VISIT, { key: 'revenue', type: 'continuous', range: '0,500', window: 'x' }] },
      ['metrics[1].range', 'metrics[1].window'],
    ],
    [
      'a role hides no margin below 0, and says nothing of whose margin it is',
      { metrics: [VISIT, { key: 'leave', type: 'binary', role: 'guardrial', margin: -1 }] },
      ['metrics[1].role', 'metrics[1].margin'],
    ],
    [
      'a role that may mean primary counts as none that is missing',
      { metrics: [{ ...VISIT, role: 'main' }] },
      ['metrics[0].role'],
    ],
    [
      'a metric hides no second primary one',
      { metrics: [VISIT, { ...VISIT, key: 'buy' }, 'spend'] },
      ['metrics[2]', 'metrics'],
    ],
    [
      'a key hides no payload, and no repeated key',
      { arms: [...ARMS, { key: 5, payload: 'x'.repeat(16_400) }, { key: 'mens' }] },
      ['arms[2].key', 'arms[3].key', 'arms[2].payload'],
    ],
    [
      'an arm hides nothing of the policy that is wrong for any arms',
      {
        arms: [...ARMS, 'womens'],
        policy: { exploration: 2, burnIn: -1, controlShare: 3, prior: { alpha: 0 } },
      },
      ['arms[2]', 'policy.prior.alpha', 'policy.controlShare', 'policy.exploration', 'policy.burnIn'],
    ],
    [
      'an arm hides no sum of weights, and says nothing of whose they are',
      { arms: [...ARMS, { key: 'womens', retired: 'no' }], policy: { type: 'fixed', weights: { mens: 0.5, x: 0.4 } } },
      ['arms[2].retired', 'policy.weights'],
    ],
    [
      'a type of policy hides no share',
      { policy: { type: 'tompson', exploration: { untilVerdict: 2, after: 'x' }, prior: { alpha: 'x', beta: 0 } } },
      [
        'policy.type',
        'policy.exploration.after',
        'policy.prior.alpha',
        'policy.prior.beta',
        'policy.exploration.untilVerdict',
      ],
    ],
    [
      'a weight hides no other',
      { policy: { type: 'fixed', weights: { control: 'x', mens: 0, womens: 0.5 } } },
      ['policy.weights.control', 'policy.weights.mens', 'policy.weights.womens'],
    ],
  ])('names every fault at once: %s', (_, changes, paths) => {
    expect([...pathsOf(changes)].sort()).toEqual([...paths].sort())
  })

  it('names every fault of a change too', () => {
    const kept = parseDefinition(VALID)
    const body = { metrics: [{ ...VISIT, type: 'binry', window: '7 days' }], policy: { burnIn: 'x', exploration: 2 } }
    expect(faultsOf(() => parseDefinition(body, VALID.key, kept))).toEqual([
      'metrics[0].type',
      'policy.burnIn',
      'metrics[0].window',
      'policy.exploration',
    ])
  })
})

describe('parseSimulation()', () => {
  it('names every fault at once although an arm, the metric’s type and the days cannot be read', () => {
    const design = {
      arms: [{ key: 'a', rate: 'x' }, { key: 'B', rate: 2 }, 'c'],
      metric: { type: 'binry', range: [5, 1] },
      days: 'x',
      runs: 0,
    }
    const paths = faultsOf(() => parseSimulation(design))
    expect([...paths].sort()).toEqual(
      ['arms[0].rate', 'arms[1].key', 'arms[1].rate', 'arms[2]', 'days', 'metric.range', 'metric.type', 'runs'].sort(),
    )
  })
})

describe('parseDefinition() of features', () => {
  const kept = parseDefinition({ ...VALID, features: FEATURES, adjust: false })

  function toldOf(fields: object, known: typeof kept | null = null): string[] {
    try {
      parseDefinition({ ...VALID, ...fields }, VALID.key, known)
      return []
    } catch (error) {
      return (error as BanditError).faults.map(({ path, message }) => `${path} ${message}`)
    }
  }

  it('names every fault of shape and of sense at once', () => {
    const features = [
      { key: 'X!', type: 'numeric', range: [2, 1], levels: ['a'] },
      { key: 'b', type: 'text' },
      { key: 'b' },
      { key: 'c', type: 'hashed', buckets: 1.5, colour: 1 },
      { type: 'categorical', levels: ['a', 'a', 3] },
      7,
      { key: 'n', type: 'numeric', range: [0, 'x'], scale: 'square' },
      { key: 'r', type: 'numeric' },
      { key: 's', type: 'boolean', segment: 'yes' },
    ]
    expect(toldOf({ features, adjust: 1 })).toEqual([
      'features[0].levels is unknown; allowed: key, retired, type, range, scale, step',
      'features[1].type must be one of numeric, boolean, categorical, hashed',
      'features[2].type must be one of numeric, boolean, categorical, hashed',
      'features[3].colour is unknown; allowed: key, retired, type, buckets, segment',
      'features[4].key is required: string',
      'features[4].levels[2] must be string, received number',
      'features[5] must be object, received number',
      'features[6].range[1] must be number, received string',
      'features[6].scale must be one of "linear"|"log"',
      'features[8].segment must be boolean, received string',
      'adjust must be boolean, received number',
      'features[0].key "X!" must be 1 to 64 characters of a–z, 0–9, ".", "_", "-", and begin with a letter or digit',
      'features[0].range lo must be below hi',
      'features[3].buckets must be a whole number from 2 to 32',
      'features[4].levels[1] "a" is there twice',
      'features[7].range is required for numeric: [lo, hi]',
      'features[2].key "b" is there twice',
    ])
  })

  it('refuses what needs features without any, and too many of them', () => {
    expect(toldOf({ policy: { type: 'contextual' } })).toEqual(['policy.type contextual needs features'])
    expect(toldOf({ adjust: true })).toEqual(['adjust needs features'])
    expect(toldOf({ features: Array.from({ length: 17 }, () => 0) })[0]).toBe('features must be at most 16, not 17')
    expect(toldOf({ features: FEATURES, policy: { type: 'contextual', exploration: 0.01 } })).toEqual([
      'policy.exploration must be between 0.05 and 1',
    ])
  })

  it('takes what a change leaves out from the feature that there is, and asks for the type of a new one', () => {
    const features = [...FEATURES.map(({ key }) => ({ key, retired: key === 'city' })), { key: 'age' }]
    expect(toldOf({ features }, kept)).toEqual([
      'features[4].type must be one of numeric, boolean, categorical, hashed for a new feature',
    ])
    const changed = parseDefinition({ features: features.slice(0, 4) }, VALID.key, kept)
    expect(changed.features).toEqual(kept.features?.map(feature => ({ ...feature, retired: feature.key === 'city' })))
    expect(changed.adjust).toBe(false)
  })
})
