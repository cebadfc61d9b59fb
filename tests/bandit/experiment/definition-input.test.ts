import { describe, expect, it } from 'vitest'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
} from '../../../src/bandit/experiment/definition-input.ts'

const valid: DefinitionInput = {
  key: 'spring-email',
  arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
}

const arms = (count: number) => Array.from({ length: count }, (_, arm) => ({ key: `arm-${arm}` }))
const revenue = { key: 'revenue', type: 'continuous', role: 'secondary' } as const

describe('definitionFaults()', () => {
  it('finds nothing wrong with the shortest definition, nor with one that says everything', () => {
    expect(definitionFaults(valid)).toEqual([])
    const everything: DefinitionInput = {
      ...valid,
      description: 'The spring mailing',
      control: 'womens',
      metrics: [
        { key: 'visit', type: 'binary', role: 'primary', goal: 'increase', window: '14d', range: [0, 1], margin: null },
        { ...revenue, range: [-10, 500], goal: 'increase' },
        { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01, window: null },
      ],
      policy: { type: 'exploration', exploration: 0.2, controlShare: 0.3, prior: { alpha: 0.5, beta: 0.5 } },
      alpha: 0.1,
      plannedUnits: 100_000,
    }
    expect(definitionFaults(everything)).toEqual([])
  })

  it.each<[string, Partial<DefinitionInput>, string]>([
    ['a key with capitals', { key: 'Spring' }, 'key'],
    ['a key that objects would swallow', { key: '__proto__' }, 'key'],
    ['a key of 65 characters', { key: 'x'.repeat(65) }, 'key'],
    ['one arm', { arms: arms(1) }, 'arms'],
    ['201 arms', { arms: arms(201) }, 'arms'],
    ['an arm twice', { arms: [...arms(3), { key: 'arm-1' }] }, 'arms[3].key'],
    [
      'a payload of over 16 KiB',
      { arms: [{ key: 'a', payload: 'x'.repeat(16_400) }, { key: 'b' }] },
      'arms[0].payload',
    ],
    ['only retired arms', { arms: arms(2).map(arm => ({ ...arm, retired: true })) }, 'arms'],
    ['a control that is no arm', { control: 'nobody' }, 'control'],
    ['no metric', { metrics: [] }, 'metrics'],
    ['no primary metric', { metrics: [{ key: 'visit', type: 'binary' }] }, 'metrics'],
    ['two primary metrics', { metrics: ['a', 'b'].map(key => ({ key, type: 'binary', role: 'primary' })) }, 'metrics'],
    ['a metric twice', { metrics: [...valid.metrics, { key: 'visit', type: 'binary' }] }, 'metrics[1].key'],
    ['a continuous metric without range', { metrics: [...valid.metrics, revenue] }, 'metrics[1].range'],
    ['an empty range', { metrics: [...valid.metrics, { ...revenue, range: [5, 5] }] }, 'metrics[1].range'],
    ['a range beyond doubles', { metrics: [...valid.metrics, { ...revenue, range: [0, 1e300] }] }, 'metrics[1].range'],
    [
      'a binary metric with a range',
      { metrics: [{ key: 'v', type: 'binary', role: 'primary', range: [0, 2] }] },
      'metrics[0].range',
    ],
    [
      'a window in words',
      { metrics: [{ key: 'v', type: 'binary', role: 'primary', window: '14 days' }] },
      'metrics[0].window',
    ],
    [
      'a margin on a primary metric',
      { metrics: [{ key: 'v', type: 'binary', role: 'primary', margin: 0.1 }] },
      'metrics[0].margin',
    ],
    ['alpha 0', { alpha: 0 }, 'alpha'],
    ['alpha 0.6', { alpha: 0.6 }, 'alpha'],
    ['999 planned units', { plannedUnits: 999 }, 'plannedUnits'],
    ['half a planned unit', { plannedUnits: 1_000.5 }, 'plannedUnits'],
    ['exploration above 1', { policy: { type: 'thompson', exploration: 1.1 } }, 'policy.exploration'],
    ['exploration below the floor', { policy: { type: 'thompson', exploration: 0 } }, 'policy.exploration'],
    ['exploration for uniform', { policy: { type: 'uniform', exploration: 0.1 } }, 'policy.exploration'],
    ['fixed without weights', { policy: { type: 'fixed' } }, 'policy.weights'],
    [
      'weights that sum to 0.9',
      { policy: { type: 'fixed', weights: { control: 0.3, mens: 0.3, womens: 0.3 } } },
      'policy.weights',
    ],
    [
      'a weight for a stranger',
      { policy: { type: 'fixed', weights: { control: 0.4, mens: 0.3, womens: 0.2, x: 0.1 } } },
      'policy.weights.x',
    ],
    [
      'a weight of 0',
      { policy: { type: 'fixed', weights: { control: 0, mens: 0.5, womens: 0.5 } } },
      'policy.weights.control',
    ],
    ['an arm without weight', { policy: { type: 'fixed', weights: { control: 0.5, mens: 0.5 } } }, 'policy.weights'],
    ['weights for thompson', { policy: { type: 'thompson', weights: { control: 1 } } }, 'policy.weights'],
    ['a control share of 1', { policy: { type: 'thompson', controlShare: 1 } }, 'policy.controlShare'],
    [
      'a control share with fixed',
      { policy: { type: 'fixed', controlShare: 0.2, weights: { control: 0.4, mens: 0.3, womens: 0.3 } } },
      'policy.controlShare',
    ],
    ['a prior of 0', { policy: { type: 'thompson', prior: { alpha: 0, beta: 1 } } }, 'policy.prior.alpha'],
  ])('names %s', (_, change, path) => {
    expect(definitionFaults({ ...valid, ...change }).map(fault => fault.path)).toContain(path)
    expect(definitionFaults({ ...valid, ...change })).toHaveLength(1)
  })

  it('names every fault at once', () => {
    const faults = definitionFaults({
      key: 'Bad Key',
      arms: [{ key: 'a' }, { key: 'a' }],
      control: 'c',
      metrics: [{ key: 'spend', type: 'continuous', window: '2 weeks' }],
      policy: { type: 'thompson', exploration: 7, prior: { alpha: -1 } },
      alpha: 2,
      plannedUnits: 10,
    })
    expect(faults.map(fault => fault.path).toSorted()).toEqual([
      'alpha',
      'arms[1].key',
      'control',
      'key',
      'metrics',
      'metrics[0].range',
      'metrics[0].window',
      'plannedUnits',
      'policy.exploration',
      'policy.prior.alpha',
    ])
  })

  it('keeps what to do on harm only where something is asked for', () => {
    expect(completeDefinition({ ...valid, onHarm: 'pause-arm' }).onHarm).toBe('pause-arm')
    expect(completeDefinition({ ...valid, onHarm: null })).toEqual(completeDefinition(valid))
    expect(completeDefinition(valid)).not.toHaveProperty('onHarm')
  })

  it('judges what is readable although other parts are not', () => {
    const faults = definitionFaults({ arms: [null, { key: 'a' }, { key: 'a' }], alpha: 3 })
    expect(faults.map(fault => fault.path)).toEqual(['arms[2].key', 'alpha'])
  })

  it('asks for a control share only where the control is active', () => {
    const retiredControl = { ...valid, arms: [{ key: 'control', retired: true }, ...valid.arms.slice(1)] }
    expect(definitionFaults(retiredControl)).toEqual([])
    expect(definitionFaults({ ...retiredControl, policy: { type: 'thompson', controlShare: 0.2 } })).toEqual([
      { path: 'policy.controlShare', message: 'needs an active control, and "control" is retired' },
    ])
  })
})

describe('completeDefinition()', () => {
  it('fills in the defaults', () => {
    expect(completeDefinition(valid)).toMatchObject({
      description: '',
      control: 'control',
      alpha: 0.05,
      plannedUnits: 30_000,
      arms: [{ payload: null, retired: false }, { payload: { template: 'm1' } }, { payload: null }],
      metrics: [{ role: 'primary', goal: 'increase', window: null, range: [0, 1], margin: null }],
      policy: { type: 'thompson', exploration: 0.1, controlShare: 0.2, prior: { alpha: 1, beta: 1 } },
    })
  })

  it('reserves a control share for three arms or more only, and for none of them under uniform', () => {
    const policyOf = (change: Partial<DefinitionInput>) => completeDefinition({ ...valid, ...change }).policy
    expect(policyOf({ arms: arms(2) })).toMatchObject({ controlShare: null })
    expect(policyOf({ policy: { type: 'uniform' } })).toMatchObject({ controlShare: null })
    expect(policyOf({ policy: { type: 'thompson', controlShare: null } })).toMatchObject({ controlShare: null })
  })

  it('raises the default exploration until 200 arms keep their floor', () => {
    const { policy } = completeDefinition({ ...valid, arms: arms(200) })
    expect(policy).toMatchObject({ exploration: (0.001 * 199) / 0.8 })
  })

  it('writes windows in one way', () => {
    const metrics = [{ key: 'visit', type: 'binary', role: 'primary', window: '336h' }] as const
    expect(completeDefinition({ ...valid, metrics }).metrics[0]?.window).toBe('14d')
  })
})
