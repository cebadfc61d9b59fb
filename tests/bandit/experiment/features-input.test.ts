// Features and the policy that reads them, as they are declared and changed.
import { describe, expect, it } from 'vitest'
import { BanditError } from '../../../src/bandit/errors.ts'
import { redefine } from '../../../src/bandit/experiment/change.ts'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
  type ReadableDefinition,
} from '../../../src/bandit/experiment/definition-input.ts'
import type { Definition, Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { keepLeftOut } from '../../../src/bandit/experiment/keep-left-out.ts'

const PLAIN: DefinitionInput = {
  key: 'emails',
  arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
}

const FEATURES: NonNullable<DefinitionInput['features']> = [
  { key: 'channel', type: 'categorical', levels: ['web', 'phone'], segment: true },
  { key: 'recency', type: 'numeric', range: [1, 12] },
]

const FEATURED: DefinitionInput = { ...PLAIN, features: FEATURES, policy: { type: 'contextual' } }

function experimentOf(input: DefinitionInput, status: Experiment['status'] = 'running'): Experiment {
  const definition = completeDefinition(input)
  const startedAt = status === 'draft' ? null : 1
  return { id: 1, definition, salt: 's', status, version: 2, winner: null, createdAt: 0, startedAt, stoppedAt: null }
}

const pathsOf = (faults: readonly { readonly path: string }[]) => faults.map(({ path }) => path)

/** As a change that leaves all else as it is. */
function changed(input: ReadableDefinition, kept: Definition): Definition {
  const whole = keepLeftOut(input, kept)
  expect(definitionFaults(whole, kept.policy)).toEqual([])
  return completeDefinition(whole as DefinitionInput, kept.policy)
}

function refusals(experiment: Experiment, wanted: Definition): string[] {
  try {
    redefine(experiment, wanted)
    return []
  } catch (error) {
    if (error instanceof BanditError) return pathsOf(error.faults)
    throw error
  }
}

describe('definitionFaults() of features', () => {
  it('finds nothing wrong with them, and with every policy', () => {
    expect(definitionFaults(FEATURED)).toEqual([])
    for (const type of ['thompson', 'exploration', 'epsilon-greedy', 'uniform'] as const) {
      expect(definitionFaults({ ...FEATURED, policy: { type }, adjust: false })).toEqual([])
    }
  })

  it.each<[string, Partial<DefinitionInput>, string[]]>([
    ['a range from high to low', { features: [{ key: 'a', type: 'numeric', range: [2, 1] }] }, ['features[0].range']],
    ['a feature twice', { features: [...FEATURES, { key: 'recency', type: 'boolean' }] }, ['features[2].key']],
    [
      'more columns than a snapshot holds',
      { features: [0, 1].map(at => ({ key: `h${at}`, type: 'hashed', buckets: 32 })) },
      ['features', 'features'],
    ],
    ['a contextual policy without features', { features: undefined }, ['policy.type']],
    ['a contextual policy with no feature', { features: [] }, ['policy.type']],
    ['adjustment without features', { features: undefined, policy: undefined, adjust: true }, ['adjust']],
    ['an exploration below 0.05', { policy: { type: 'contextual', exploration: 0.04 } }, ['policy.exploration']],
    ['an exploration above 1', { policy: { type: 'contextual', exploration: 1.1 } }, ['policy.exploration']],
    [
      'an exploration that waits for verdicts',
      { policy: { type: 'contextual', exploration: { untilVerdict: 0.5, after: 0.1 } } },
      ['policy.exploration'],
    ],
    ['a burn-in', { policy: { type: 'contextual', burnIn: 500 } }, ['policy.burnIn']],
    ['a shrinkage below 1', { policy: { type: 'contextual', shrinkage: 0.5 } }, ['policy.shrinkage']],
    ['a shrinkage beyond 8⁶', { policy: { type: 'contextual', shrinkage: 262_145 } }, ['policy.shrinkage']],
    ['a half-life without a unit', { policy: { type: 'contextual', halfLife: '14' } }, ['policy.halfLife']],
    [
      'fields of a contextual policy elsewhere',
      { policy: { type: 'thompson', shrinkage: 8, halfLife: '14d' } },
      ['policy.shrinkage', 'policy.halfLife'],
    ],
    ['a control with too large a share', { policy: { type: 'contextual', controlShare: 1 } }, ['policy.controlShare']],
  ])('finds %s', (_, changes, paths) => {
    expect(pathsOf(definitionFaults({ ...FEATURED, ...changes }))).toEqual(paths)
  })

  it('does not judge what could not be read', () => {
    expect(definitionFaults({ ...FEATURED, features: null })).toEqual([])
    expect(definitionFaults({ ...FEATURED, features: [null, ...FEATURES] })).toEqual([])
  })
})

describe('completeDefinition() of features', () => {
  it('fills in the defaults', () => {
    const { features, adjust, policy } = completeDefinition(FEATURED)
    expect(features).toEqual([
      { key: 'channel', retired: false, type: 'categorical', levels: ['web', 'phone'], segment: true },
      { key: 'recency', retired: false, type: 'numeric', range: [1, 12], scale: 'linear', step: null },
    ])
    expect(adjust).toBe(true)
    expect(policy).toEqual({
      type: 'contextual',
      exploration: 0.1,
      controlShare: 0.2,
      shrinkage: null,
      halfLife: null,
      prior: { alpha: 1, beta: 1 },
    })
    expect(completeDefinition({ ...FEATURED, policy: { type: 'contextual', halfLife: '336h' } }).policy).toMatchObject({
      halfLife: '14d',
    })
  })

  it('adds nothing where there are none', () => {
    expect(completeDefinition({ ...PLAIN, features: [] })).toEqual(completeDefinition(PLAIN))
    expect(Object.keys(completeDefinition(PLAIN))).not.toContain('features')
  })
})

describe('keepLeftOut() of features', () => {
  const kept = completeDefinition({ ...FEATURED, adjust: false, policy: { type: 'contextual', shrinkage: 8 } })

  it('keeps them, what a feature leaves out, and the policy’s fields', () => {
    expect(changed({}, kept)).toEqual(kept)
    expect(changed({ features: [{ key: 'channel' }, { key: 'recency', retired: true }] }, kept).features).toEqual([
      kept.features?.[0],
      { ...kept.features?.[1], retired: true },
    ])
    expect(changed({ policy: { exploration: 0.3 } }, kept).policy).toEqual({ ...kept.policy, exploration: 0.3 })
  })

  it('carries over what another policy has too', () => {
    const thompson = changed({ policy: { type: 'thompson' } }, kept)
    expect(thompson.policy).toEqual({
      type: 'thompson',
      exploration: 0.1,
      controlShare: 0.2,
      prior: { alpha: 1, beta: 1 },
    })
    const waiting = completeDefinition({
      ...FEATURED,
      policy: { type: 'thompson', exploration: { untilVerdict: 0.6, after: 0.01 }, controlShare: 0.3 },
    })
    expect(changed({ policy: { type: 'contextual' } }, waiting).policy).toMatchObject({
      exploration: 0.05,
      controlShare: 0.3,
      shrinkage: null,
      halfLife: null,
    })
  })

  it('takes them out of a draft with an empty list', () => {
    const none = changed({ features: [], policy: { type: 'thompson' } }, kept)
    expect([none.features, none.adjust]).toEqual([undefined, undefined])
  })
})

describe('redefine() with features', () => {
  it('appends and retires features while running, and changes the policy', () => {
    const experiment = experimentOf(FEATURED)
    const [channel, recency] = FEATURES
    const features = [channel, { ...recency, retired: true }, { key: 'member', type: 'boolean' }]
    const wanted = completeDefinition({ ...FEATURED, features, policy: { type: 'thompson' } } as DefinitionInput)
    expect(redefine(experiment, wanted)?.definition).toEqual(wanted)
  })

  it.each<[string, Partial<DefinitionInput>, string[]]>([
    ['a feature left out', { features: [FEATURES[0]] as DefinitionInput['features'] }, ['features']],
    ['another order', { features: FEATURES.toReversed() }, ['features[1]', 'features[0]']],
    [
      'another range',
      { features: [FEATURES[0], { ...FEATURES[1], range: [0, 12] }] as DefinitionInput['features'] },
      ['features[1].range'],
    ],
    [
      'a new one with segments',
      { features: [...FEATURES, { key: 'member', type: 'boolean', segment: true }] },
      ['features[2].segment'],
    ],
    ['no adjustment', { adjust: false }, ['adjust']],
  ])('refuses %s once it runs', (_, changes, paths) => {
    expect(refusals(experimentOf(FEATURED), completeDefinition({ ...FEATURED, ...changes }))).toEqual(paths)
    expect(refusals(experimentOf(FEATURED, 'draft'), completeDefinition({ ...FEATURED, ...changes }))).toEqual([])
  })

  it('refuses features for an experiment that was started without', () => {
    expect(refusals(experimentOf(PLAIN), completeDefinition({ ...PLAIN, features: FEATURES }))).toContain('features')
  })
})
