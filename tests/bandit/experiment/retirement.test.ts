import { describe, expect, it } from 'vitest'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
} from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment, Status } from '../../../src/bandit/experiment/experiment.ts'
import { retirement } from '../../../src/bandit/experiment/retirement.ts'

function experiment(changes: Partial<DefinitionInput> = {}, status: Status = 'running'): Experiment {
  const definition = completeDefinition({
    key: 'x',
    arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    ...changes,
  })
  const state = {
    status,
    version: 2,
    winner: null,
    createdAt: 1,
    startedAt: 2,
    stoppedAt: status === 'stopped' ? 3 : null,
  }
  return { id: 1, definition, salt: '', ...state }
}

const retired = (of: Experiment, arm: string) => {
  const state = retirement(of, arm)
  if (state === null) throw new Error('Nothing was changed')
  return state
}

describe('retirement()', () => {
  it('retires the arm, and nothing else changes', () => {
    const before = experiment()
    const { definition, status } = retired(before, 'mens')
    expect(definition.arms.map(arm => arm.retired)).toEqual([false, true, false])
    expect(status).toBe('running')
    expect({ ...definition, arms: [] }).toEqual({ ...before.definition, arms: [] })
  })

  it('finds nothing to do for an arm that is retired, or none, and in a stopped experiment', () => {
    expect(retirement(experiment({ arms: [{ key: 'control' }, { key: 'mens', retired: true }] }), 'mens')).toBeNull()
    expect(retirement(experiment(), 'nobody')).toBeNull()
    expect(retirement(experiment({}, 'stopped'), 'mens')).toBeNull()
  })

  it('pauses a running experiment that has no rival left', () => {
    const two = { arms: [{ key: 'control' }, { key: 'mens' }] }
    expect(retired(experiment(two), 'mens').status).toBe('paused')
    expect(retired(experiment(two, 'paused'), 'mens').status).toBe('paused')
    expect(retired(experiment(two, 'draft'), 'mens').status).toBe('draft')
  })

  it('spreads the fixed weight of the arm over the others in proportion', () => {
    const policy = { type: 'fixed', weights: { control: 0.375, mens: 0.5, womens: 0.125 } } as const
    const { definition } = retired(experiment({ policy }), 'mens')
    expect(definition.policy).toMatchObject({ weights: { control: 0.75, womens: 0.25 } })
  })

  it.each(['thompson', 'exploration', 'uniform', 'fixed'] as const)(
    'leaves a definition that could be sent again: %s, arm by arm',
    type => {
      const weights = { control: 1 / 3, mens: 1 / 3, womens: 1 / 3 }
      let current = experiment({ policy: { type, ...(type === 'fixed' && { weights }) } })
      for (const arm of ['mens', 'womens']) {
        current = { ...current, ...retired(current, arm) }
        expect(definitionFaults(current.definition)).toEqual([])
      }
    },
  )
})
