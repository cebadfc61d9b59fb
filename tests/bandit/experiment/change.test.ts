import { describe, expect, it } from 'vitest'
import type { BanditError } from '../../../src/bandit/errors.ts'
import { changeBetween, redefine, transition } from '../../../src/bandit/experiment/change.ts'
import { completeDefinition, type DefinitionInput } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment, Status } from '../../../src/bandit/experiment/experiment.ts'

const input: DefinitionInput = {
  key: 'spring-email',
  arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
}

function experiment(status: Status): Experiment {
  return {
    id: 1,
    definition: completeDefinition(input),
    salt: 'salt',
    status,
    version: 3,
    winner: null,
    createdAt: 10,
    startedAt: status === 'draft' ? null : 20,
    stoppedAt: status === 'stopped' ? 30 : null,
  }
}

const wanted = (change: Partial<DefinitionInput>) => completeDefinition({ ...input, ...change })

function faultsOf(action: () => unknown): string[] {
  try {
    action()
  } catch (error) {
    return (error as BanditError).faults.map(fault => fault.path)
  }
  throw new Error('nothing was refused')
}

function messagesOf(action: () => unknown): string[] {
  try {
    action()
  } catch (error) {
    return (error as BanditError).faults.map(({ path, message }) => `${path} ${message}`)
  }
  throw new Error('nothing was refused')
}

describe('redefine()', () => {
  it.each(['draft', 'running', 'paused', 'stopped'] as const)(
    'finds nothing to do in the same definition (%s)',
    status => {
      expect(redefine(experiment(status), wanted({}))).toBeNull()
    },
  )

  it('lets a draft change in everything', () => {
    const other = wanted({ arms: [{ key: 'x' }, { key: 'y' }], alpha: 0.1, plannedUnits: 5_000 })
    expect(redefine(experiment('draft'), other)?.definition).toEqual(other)
  })

  it('lets arms be added behind and retired while running, and the policy change', () => {
    const next = redefine(
      experiment('running'),
      wanted({
        arms: [{ key: 'kids' }, { key: 'womens', retired: true }, { key: 'mens', payload: 7 }, { key: 'control' }],
        control: 'control',
        policy: { type: 'uniform' },
        description: 'with kids',
      }),
    )
    expect(next?.definition.arms).toEqual([
      { key: 'control', payload: null, retired: false },
      { key: 'mens', payload: 7, retired: false },
      { key: 'womens', payload: null, retired: true },
      { key: 'kids', payload: null, retired: false },
    ])
    expect(next?.definition.policy.type).toBe('uniform')
  })

  it('names every frozen field at once, and arms that were left out', () => {
    const change = wanted({
      arms: [{ key: 'control' }, { key: 'mens' }],
      control: 'mens',
      metrics: [{ key: 'visit', type: 'binary', role: 'primary', window: '14d' }],
      alpha: 0.1,
      plannedUnits: 5_000,
      policy: { type: 'thompson', prior: { alpha: 2, beta: 2 } },
    })
    expect(faultsOf(() => redefine(experiment('paused'), change))).toEqual([
      'arms',
      'metrics.visit.window',
      'control',
      'alpha',
      'policy.prior.alpha',
      'policy.prior.beta',
      'plannedUnits',
    ])
  })

  it('tells of a frozen metric what would change of it, from what to what', () => {
    const told = (metrics: DefinitionInput['metrics']) =>
      messagesOf(() => redefine(experiment('running'), wanted({ metrics })))
    const visit = { key: 'visit', type: 'binary', role: 'primary' } as const
    expect(told([{ ...visit, window: '7d' }])).toEqual([
      'metrics.visit.window is frozen at null since the experiment was started, and cannot become "7d"; stop it and create a new one instead',
    ])
    expect(
      told([
        { ...visit, role: 'secondary' },
        { ...visit, key: 'buy' },
      ]),
    ).toEqual([
      expect.stringMatching(/^metrics\.visit\.role is frozen at "primary" .* cannot become "secondary";/),
      expect.stringMatching(/^metrics\.buy was not there when the experiment was started;/),
    ])
    expect(told([{ ...visit, key: 'buy' }])).toEqual([
      expect.stringMatching(/^metrics\.visit cannot be left out/),
      expect.stringMatching(/^metrics\.buy was not there/),
    ])
  })

  it('keeps the order of the metrics, and says so beside what else is frozen', () => {
    const [visit, buy] = [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'buy', type: 'binary' },
    ] as const
    const running = { ...experiment('running'), definition: wanted({ metrics: [visit, buy] }) }
    const order =
      'metrics keep the order that they had when the experiment was started; stop it and create a new one instead'
    expect(messagesOf(() => redefine(running, wanted({ metrics: [buy, visit] })))).toEqual([order])
    expect(faultsOf(() => redefine(running, wanted({ metrics: [buy, { ...visit, window: '7d' }] })))).toEqual([
      'metrics.visit.window',
      'metrics',
    ])
  })

  it('lets nothing change once stopped', () => {
    expect(faultsOf(() => redefine(experiment('stopped'), wanted({ description: 'late thought' })))).toEqual([
      'description',
    ])
  })
})

describe('transition()', () => {
  it.each([
    ['draft', 'running', 'running'],
    ['draft', 'paused', 'refused'],
    ['draft', 'stopped', 'refused'],
    ['running', 'running', 'nothing'],
    ['running', 'paused', 'paused'],
    ['running', 'stopped', 'stopped'],
    ['paused', 'running', 'running'],
    ['paused', 'paused', 'nothing'],
    ['paused', 'stopped', 'stopped'],
    ['stopped', 'running', 'refused'],
    ['stopped', 'paused', 'refused'],
    ['stopped', 'stopped', 'nothing'],
  ] as const)('%s to %s: %s', (from, to, result) => {
    if (result === 'refused') expect(() => transition(experiment(from), to, 50)).toThrow('it is ' + from)
    else expect(transition(experiment(from), to, 50)?.status ?? 'nothing').toBe(result)
  })

  it('keeps the first start, and dates the stop', () => {
    expect(transition(experiment('draft'), 'running', 50)).toMatchObject({ startedAt: 50, stoppedAt: null })
    expect(transition(experiment('paused'), 'running', 50)).toMatchObject({ startedAt: 20, stoppedAt: null })
    expect(transition(experiment('running'), 'stopped', 50)).toMatchObject({ startedAt: 20, stoppedAt: 50 })
  })

  it('keeps the winner that was named when a stop comes again without one, and drops it when told so', () => {
    const stopped = { ...experiment('stopped'), winner: 'mens' }
    expect(transition(stopped, 'stopped', 50)).toBeNull()
    expect(transition(stopped, 'stopped', 50, null)).toMatchObject({ winner: null, stoppedAt: 30 })
  })

  it('lets a winner be named, also after the stop, if it is an arm', () => {
    expect(transition(experiment('running'), 'stopped', 50, 'mens')).toMatchObject({ winner: 'mens' })
    expect(transition(experiment('stopped'), 'stopped', 50, 'mens')).toMatchObject({ winner: 'mens', stoppedAt: 30 })
    expect(faultsOf(() => transition(experiment('running'), 'stopped', 50, 'constructor'))).toEqual(['winner'])
  })
})

describe('changeBetween()', () => {
  it('counts the versions and tells what changed', () => {
    const before = experiment('running')
    const after = transition(before, 'stopped', 50, 'mens')
    if (after === null) throw new Error('it is running, so it can be stopped')
    expect(changeBetween(before, after, { action: 'stopped', at: 50, actor: 'web' })).toEqual({
      version: 4,
      at: 50,
      actor: 'web',
      action: 'stopped',
      reason: null,
      changes: [
        { path: 'status', before: 'running', after: 'stopped' },
        { path: 'winner', before: null, after: 'mens' },
      ],
    })
  })

  it('begins with all that was defined', () => {
    const draft = experiment('draft')
    const { changes } = changeBetween(null, draft, { action: 'created', at: 0, actor: 'web' })
    const defined = Object.fromEntries(changes.map(({ path, after }) => [path, after]))
    expect(defined).toEqual({ ...draft.definition, status: 'draft', winner: null })
  })
})
