import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const MINUTE = 60_000

/** The definition of the interface, all of it. */
const WHOLE = {
  key: 'spring-email',
  description: 'Which template brings visitors?',
  arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
  control: 'control',
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary', goal: 'increase', window: '14d' },
    { key: 'spend', type: 'continuous', range: [0, 500], role: 'secondary' },
    { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 },
  ],
  policy: { type: 'thompson', exploration: 0.1, controlShare: 0.2, prior: { alpha: 1, beta: 1 } },
  alpha: 0.05,
  plannedUnits: 30_000,
}

const store = faultyStore()
let service: Service

beforeEach(async () => {
  store.isDown = false
  service = await startService({ wrapStore: store.wrapStore })
})

afterEach(async () => {
  store.isDown = false
  await expectBalance(service)
  await service.close()
})

const post = (definition: unknown) => service.call('POST', '/experiments', definition)
const put = (definition: unknown, key = 'spring-email') => service.call('PUT', `/experiments/${key}`, definition)
const changeTo = (verb: string, body?: unknown) => service.call('POST', `/experiments/spring-email/${verb}`, body)
const read = async (rest = '') => (await service.call('GET', `/experiments/spring-email${rest}`)).body

const keysOf = (arms: readonly { key: string }[]) => arms.map(({ key }) => key)

describe('POST /experiments', () => {
  it('creates a draft, and shows all of it', async () => {
    const answer = await post(WHOLE)
    expect(answer.status, answer.text).toBe(201)
    expect(answer.headers.get('location')).toBe('/experiments/spring-email')
    expect(answer.body).toMatchObject({
      ...WHOLE,
      arms: [
        { key: 'control', payload: null },
        { key: 'mens', payload: { template: 'm1' } },
        { key: 'womens', payload: null },
      ],
      status: 'draft',
      version: 1,
      winner: null,
      createdAt: '2026-01-05T12:00:00.000Z',
      startedAt: null,
    })
    expect((await service.call('GET', '/experiments/spring-email')).body).toEqual(answer.body)
  })

  it('fills in what was left out, and tells it', async () => {
    const { body } = await post(emailDefinition())
    expect(body).toMatchObject({
      control: 'control',
      alpha: 0.05,
      policy: { type: 'thompson', prior: { alpha: 1, beta: 1 } },
    })
    expect(body.metrics).toMatchObject([{ key: 'visit', role: 'primary', goal: 'increase', window: null }])
    expect(body.plannedUnits).toBeGreaterThan(0)
    expect(body.policy.exploration).toBeGreaterThan(0)
  })

  it('refuses a key that is taken, and says what to do', async () => {
    await post(WHOLE)
    const before = await bookOf(service)
    const answer = await post({ ...WHOLE, description: 'another' })
    expectProblem(answer, 409, 'experiment_exists')
    expect(answer.body.detail).toContain('PUT /experiments/spring-email')
    expectProblem(await post(WHOLE), 409, 'experiment_exists')
    expect(await bookOf(service)).toEqual(before)
  })

  it('creates one of several that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(WHOLE)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)])
    expect((await read('/history')).history).toHaveLength(1)
  })

  it.each([
    ['2 arms', { arms: [{ key: 'a' }, { key: 'b' }] }],
    [
      '200 arms',
      { arms: Array.from({ length: 200 }, (_, arm) => ({ key: `arm-${arm}` })), policy: { type: 'uniform' } },
    ],
    ['200 arms of a learning policy', { arms: Array.from({ length: 200 }, (_, arm) => ({ key: `arm-${arm}` })) }],
    ['arms named by numbers', { arms: [{ key: '10' }, { key: '9' }, { key: '1.5' }] }],
    ['the longest key', { key: 'x'.repeat(64) }],
    ['the shortest key', { key: '0' }],
    ['a key with all that it may have', { key: 'a.b_c-9' }],
    ['a window of 1 ms', { metrics: [{ ...WHOLE.metrics[0], window: '1ms' }] }],
    ['a window of a year', { metrics: [{ ...WHOLE.metrics[0], window: '365d' }] }],
    [
      'no exploration of two arms',
      { arms: [{ key: 'a' }, { key: 'b' }], policy: { type: 'thompson', exploration: 0, controlShare: 0.5 } },
    ],
    ['exploration alone', { policy: { type: 'thompson', exploration: 1 } }],
    ['exploration sampling', { policy: { type: 'exploration' } }],
    ['fixed weights', { policy: { type: 'fixed', weights: { control: 0.1, mens: 0.2, womens: 0.7 } } }],
    ['no reserved control', { policy: { type: 'thompson', controlShare: null } }],
  ])('takes %s', async (_name, changes) => {
    const definition = emailDefinition(changes)
    const answer = await post(definition)
    expect(answer.status, answer.text).toBe(201)
    const started = await service.call('POST', `/experiments/${definition.key}/start`)
    expect(started.status, started.text).toBe(200)
    const { body } = await service.call('GET', `/experiments/${definition.key}/snapshots`)
    const shares = Object.values<number>(body.snapshots[0].propensities)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    expect(Math.min(...shares)).toBeGreaterThan(0)
    expect(keysOf(answer.body.arms)).toEqual(keysOf(definition.arms as { key: string }[]))
  })
})

describe('PUT /experiments/:key', () => {
  it('creates what is not there, changes what is, and answers which', async () => {
    const { key: _, ...definition } = WHOLE
    expect(await put(definition)).toMatchObject({
      status: 201,
      body: { key: 'spring-email', version: 1, status: 'draft' },
    })
    expect(await put({ ...WHOLE, description: 'new' })).toMatchObject({
      status: 200,
      body: { version: 2, description: 'new' },
    })
  })

  it.each([
    ['draft', []],
    ['running', ['start']],
    ['paused', ['start', 'pause']],
    ['stopped', ['start', 'stop']],
  ])('changes nothing when the same body comes again: %s', async (_status, path) => {
    await put(WHOLE)
    for (const verb of path) await changeTo(verb)
    const before = await bookOf(service)
    const shown = await read()
    service.now += MINUTE
    const { key: _, ...unnamed } = WHOLE
    for (const same of [WHOLE, unnamed, { ...WHOLE, metrics: [...WHOLE.metrics] }, shownAsInput(shown)]) {
      const answer = await put(same)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.body).toEqual(shown)
    }
    expect(await bookOf(service)).toEqual(before)
  })

  it('changes nothing when the same body comes again, with the defaults of it left out', async () => {
    await put(emailDefinition())
    await changeTo('start')
    const before = await bookOf(service)
    expect(await put(emailDefinition())).toMatchObject({ status: 200, body: { version: 2 } })
    expect(await bookOf(service)).toEqual(before)
  })

  it('means the same window in other units, and the same arms in another order once it runs', async () => {
    await put(WHOLE)
    await changeTo('start')
    const before = await bookOf(service)
    const [visit, ...others] = WHOLE.metrics
    const answer = await put({
      ...WHOLE,
      arms: WHOLE.arms.toReversed(),
      metrics: [{ ...visit, window: '336h' }, ...others],
    })
    expect(answer.status, answer.text).toBe(200)
    expect(await bookOf(service)).toEqual(before)
  })

  it('keeps each field that is left out, and clears with null what may be null', async () => {
    const policy = {
      type: 'exploration',
      exploration: { untilVerdict: 0.6, after: 0.2 },
      controlShare: null,
      burnIn: 50,
    }
    const prior = { alpha: 2, beta: 3 }
    await put({
      ...WHOLE,
      control: 'womens',
      policy: { ...policy, prior },
      alpha: 0.1,
      plannedUnits: 5_000,
      onHarm: 'pause',
      minDuration: '168h',
    })
    const { startedAt, ...definition } = await read()
    expect(definition).toMatchObject({ policy: { ...policy, prior }, onHarm: 'pause', minDuration: '7d' })
    for (const status of ['draft', 'running', 'paused']) {
      if (status !== 'draft') await changeTo(status === 'running' ? 'start' : 'pause')
      const { version } = await read()
      for (const body of [
        {},
        { arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }] },
        { metrics: WHOLE.metrics.map(({ key, type }) => ({ key, type })) },
        { metrics: WHOLE.metrics.map(({ key }) => ({ key })) },
        { policy: { exploration: {} } },
        { policy: { exploration: { after: 0.2 } } },
        { policy: {} },
        { policy: { type: 'exploration' } },
        { policy: { prior: { alpha: 2 } } },
      ]) {
        const answer = await put(body)
        expect(answer.status, answer.text).toBe(200)
        expect(answer.body).toEqual(await read())
        expect(answer.body).toMatchObject({ ...definition, status, version })
      }
    }
    const cleared = await put({
      onHarm: null,
      minDuration: null,
      arms: [...WHOLE.arms.slice(0, 1), { key: 'mens', payload: null }, { key: 'womens' }],
    })
    expect(cleared.status, cleared.text).toBe(200)
    expect(cleared.body).not.toHaveProperty('onHarm')
    expect(cleared.body).not.toHaveProperty('minDuration')
    expect(cleared.body.arms[1].payload).toBe(null)
    expect(cleared.body).toMatchObject({ policy, alpha: 0.1, control: 'womens' })
  })

  it('keeps what a window or a range was for the metrics that a draft lists again, and gives new ones the defaults', async () => {
    await put(WHOLE)
    const { body } = await put({
      metrics: [
        { key: 'spend', type: 'continuous', role: 'primary' },
        { key: 'visit', type: 'binary', window: null },
        { key: 'unsubscribe', type: 'binary', goal: 'increase' },
        { key: 'click', type: 'binary' },
      ],
    })
    expect(body.metrics).toEqual([
      {
        key: 'spend',
        type: 'continuous',
        role: 'primary',
        goal: 'increase',
        window: null,
        range: [0, 500],
        margin: null,
      },
      { key: 'visit', type: 'binary', role: 'secondary', goal: 'increase', window: null, range: [0, 1], margin: null },
      {
        key: 'unsubscribe',
        type: 'binary',
        role: 'guardrail',
        goal: 'increase',
        window: null,
        range: [0, 1],
        margin: 0.01,
      },
      { key: 'click', type: 'binary', role: 'secondary', goal: 'increase', window: null, range: [0, 1], margin: null },
    ])
    const other = await put({ metrics: [{ key: 'spend', type: 'binary' }] })
    expect(other.body.metrics[0]).toMatchObject({ type: 'binary', role: 'primary', range: [0, 1] })
    expect((await put({ arms: [{ key: 'x' }, { key: 'y' }] })).body).toMatchObject({ control: 'x' })
  })

  it('gives an experiment of version 0.1.0 no new default', async () => {
    const original = { arms: [{ key: 'a' }, { key: 'b' }], metrics: WHOLE.metrics }
    await put(original)
    const { experiment, ...live } = service.catalogue.get('spring-email')
    // As that edition stored it.
    const policy = { type: 'thompson', exploration: 0.1, controlShare: null, prior: { alpha: 1, beta: 1 } } as const
    const state = { ...experiment, definition: { ...experiment.definition, policy } }
    const change = { version: 2, at: NOON, actor: 'test', action: 'changed', reason: null, changes: [] } as const
    const old = await service.store.changeExperiment(experiment, state, change, null)
    if (old === null) throw new Error('nobody else changes it')
    service.catalogue.keep(old, live.snapshot, live.growth)
    await changeTo('start')
    const before = await bookOf(service)
    const shown = await read()
    for (const same of [
      original,
      { ...original, policy: { type: 'thompson' } },
      { ...original, policy: { exploration: 0.1 } },
    ]) {
      const answer = await put(same)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.body).toEqual(shown)
      const plan = await service.call('POST', '/experiments/spring-email/plan', same)
      expect(plan.body).toMatchObject({ result: 'unchanged', changes: [] })
    }
    expect(await bookOf(service)).toEqual(before)
    expect(shown.policy).toEqual(policy)
    const more = await put({ ...original, arms: [...original.arms, { key: 'c' }] })
    expect(more.body).toMatchObject({ version: 4, policy })
    const other = await put({ policy: { type: 'exploration' } })
    expect(other.body.policy).toEqual({ ...policy, type: 'exploration' })
  })

  it('keeps the one of two shares of exploration that is left out, and takes a number for both', async () => {
    const explorationAfter = async (exploration: unknown) =>
      (await put({ policy: { exploration } })).body.policy.exploration
    await put({ ...WHOLE, policy: { exploration: { untilVerdict: 0.6, after: 0.2 } } })
    expect(await explorationAfter({ after: 0.3 })).toEqual({ untilVerdict: 0.6, after: 0.3 })
    expect(await explorationAfter({ untilVerdict: 0.5 })).toEqual({ untilVerdict: 0.5, after: 0.3 })
    expect(await explorationAfter(0.1)).toBe(0.1)
    expect(await explorationAfter({ untilVerdict: 0.4 })).toEqual({ untilVerdict: 0.4, after: 0.1 })
    const refused = await put({ policy: { exploration: { after: 2 } } })
    expect(expectProblem(refused, 400, 'invalid_request')).toEqual(['policy.exploration.after'])
  })

  it('asks for the type of a new metric, and for both shares of a new experiment', async () => {
    const policy = { exploration: { after: 0.3 } }
    expect(expectProblem(await put({ ...WHOLE, policy }), 400, 'invalid_request')).toEqual([
      'policy.exploration.untilVerdict',
    ])
    const typeless = { ...WHOLE, metrics: [{ key: 'visit', role: 'primary' }] }
    expect(expectProblem(await put(typeless), 400, 'invalid_request')).toEqual(['metrics[0].type'])
    await put(WHOLE)
    const more = await put({ metrics: [...WHOLE.metrics, { key: 'click' }] })
    expect(expectProblem(more, 400, 'invalid_request')).toEqual(['metrics[3].type'])
  })

  it('keeps what another type of policy has too, and fills in the rest', async () => {
    const shares = { exploration: 0.3, controlShare: 0.4, burnIn: 0, prior: { alpha: 2, beta: 3 } }
    const policyAfter = async (type: string, more = {}) => (await put({ policy: { type, ...more } })).body.policy
    await put({ ...WHOLE, policy: { type: 'thompson', ...shares } })
    await changeTo('start')
    expect(await policyAfter('exploration')).toEqual({ type: 'exploration', ...shares })
    expect(await policyAfter('thompson', { burnIn: 7 })).toEqual({ type: 'thompson', ...shares, burnIn: 7 })
    const { controlShare, prior } = shares
    expect(await policyAfter('uniform')).toEqual({ type: 'uniform', controlShare, prior })
    const usual = { exploration: 0.1, controlShare, burnIn: 500, prior }
    expect(await policyAfter('thompson')).toEqual({ type: 'thompson', ...usual })
    expect(await policyAfter('uniform', { controlShare: null })).toEqual({ type: 'uniform', controlShare: null, prior })
    expect(await policyAfter('thompson')).toMatchObject({ controlShare: null })
    const weights = { control: 0.5, mens: 0.3, womens: 0.2 }
    expect(await policyAfter('fixed', { weights })).toEqual({ type: 'fixed', weights, prior })
    expect(await policyAfter('thompson')).toEqual({ type: 'thompson', ...usual, controlShare: 0.2 })
  })

  it('keeps fixed weights, and says which arms they do not fit', async () => {
    const weights = { control: 0.5, mens: 0.3, womens: 0.2 }
    await put({ ...WHOLE, policy: { type: 'fixed', weights } })
    expect((await put({ description: 'other' })).body.policy).toMatchObject({ type: 'fixed', weights })
    const more = await put({ arms: [...WHOLE.arms, { key: 'kids' }] })
    expect(expectProblem(more, 400, 'invalid_request')).toEqual(['policy.weights'])
    expect(more.body.detail).toContain('has no share for the arm "kids"')
  })

  it('lowers what is kept of the policy as far as other arms force it to', async () => {
    const many = Array.from({ length: 150 }, (_, arm) => ({ key: `arm-${arm}` }))
    await put({ ...WHOLE, policy: { type: 'thompson', controlShare: 0.9 } })
    const raised = await put({ arms: [...WHOLE.arms, ...many] })
    expect(raised.status, raised.text).toBe(200)
    expect(raised.body.policy.controlShare).toBeCloseTo(1 - 0.152)
    expect(raised.body.policy.exploration).toBeCloseTo(0.152 / 0.152)
    const retired = await put({ arms: WHOLE.arms.map(arm => ({ ...arm, retired: arm.key === 'control' })) })
    expect(retired.body.policy.controlShare).toBe(null)
  })

  it('changes everything of a draft', async () => {
    await put(WHOLE)
    const other = {
      description: 'another',
      arms: [{ key: 'a' }, { key: 'b' }],
      control: 'b',
      metrics: [{ key: 'click', type: 'binary', role: 'primary', goal: 'decrease', window: '1h' }],
      policy: { type: 'fixed', weights: { a: 0.5, b: 0.5 } },
      alpha: 0.1,
      plannedUnits: 5_000,
    }
    const answer = await put(other)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toMatchObject({ ...other, version: 2, status: 'draft' })
    expect(keysOf(answer.body.arms)).toEqual(['a', 'b'])
    service = await service.restart()
    expect(await read()).toEqual(answer.body)
  })

  it('adds arms while it runs, each change with a version and a snapshot of its own', async () => {
    await put(WHOLE)
    await changeTo('start')
    service.now += MINUTE
    const answer = await put({ ...WHOLE, arms: [...WHOLE.arms, { key: 'kids', payload: { template: 'k1' } }] })
    expect(answer).toMatchObject({ status: 200, body: { version: 3, status: 'running' } })
    expect(keysOf(answer.body.arms)).toEqual(['control', 'mens', 'womens', 'kids'])
    const { snapshots } = await read('/snapshots')
    expect(snapshots).toMatchObject([
      { snapshot: 1, reason: 'start' },
      { snapshot: 2, reason: 'change' },
    ])
    expect(Object.keys(snapshots[0].propensities)).toEqual(['control', 'mens', 'womens'])
    expect(Object.keys(snapshots[1].propensities)).toEqual(['control', 'mens', 'womens', 'kids'])
    expect(snapshots[1].createdAt).toBe(new Date(NOON + MINUTE).toISOString())
  })

  it('puts an added arm behind those that were there, wherever the body has it', async () => {
    await put(WHOLE)
    await changeTo('start')
    await service.call('POST', '/assign/batch', {
      experiment: 'spring-email',
      units: Array.from({ length: 50 }, (_, n) => `${n}`),
    })
    const before = (await service.call('GET', '/experiments/spring-email/assignments.csv')).text
    const answer = await put({ ...WHOLE, arms: [{ key: 'first' }, ...WHOLE.arms.toReversed()] })
    expect(keysOf(answer.body.arms)).toEqual(['control', 'mens', 'womens', 'first'])
    expect((await service.call('GET', '/experiments/spring-email/assignments.csv')).text).toBe(before)
  })

  it('retires arms while it runs, and takes them back', async () => {
    await put(WHOLE)
    await changeTo('start')
    const retired = WHOLE.arms.map(arm => ({ ...arm, retired: arm.key === 'mens' }))
    expect(await put({ ...WHOLE, arms: retired })).toMatchObject({ status: 200, body: { version: 3 } })
    expect(Object.keys((await read('/snapshots')).snapshots[1].propensities)).toEqual(['control', 'womens'])
    expect(await put(WHOLE)).toMatchObject({ status: 200, body: { version: 3 } })
    const back = WHOLE.arms.map(arm => ({ ...arm, retired: false }))
    expect(await put({ arms: back })).toMatchObject({ status: 200, body: { version: 4 } })
    expect(Object.keys((await read('/snapshots')).snapshots[2].propensities)).toEqual(['control', 'mens', 'womens'])
  })

  it('changes the policy while it runs', async () => {
    await put(WHOLE)
    await changeTo('start')
    const weights = { control: 0.7, mens: 0.2, womens: 0.1 }
    expect(await put({ ...WHOLE, policy: { type: 'fixed', weights } })).toMatchObject({
      status: 200,
      body: { version: 3 },
    })
    const { snapshots } = await read('/snapshots')
    expect(snapshots[1]).toMatchObject({ reason: 'change', propensities: weights })
    expect((await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })).body.snapshot).toBe(2)
  })

  it('changes while it is paused, and the next start goes by it', async () => {
    await put(WHOLE)
    await changeTo('start')
    await changeTo('pause')
    const weights = { control: 0.7, mens: 0.2, womens: 0.1 }
    expect(await put({ ...WHOLE, policy: { type: 'fixed', weights } })).toMatchObject({
      status: 200,
      body: { status: 'paused' },
    })
    await changeTo('start')
    expect((await read('/snapshots')).snapshots.at(-1).propensities).toEqual(weights)
  })

  const [visit, spend, unsubscribe] = WHOLE.metrics
  it.each<[name: string, changes: object, path: string]>([
    ['a metric more', { metrics: [...WHOLE.metrics, { key: 'click', type: 'binary' }] }, 'metrics'],
    ['a metric less', { metrics: [visit, spend] }, 'metrics'],
    ['another window', { metrics: [{ ...visit, window: '7d' }, spend, unsubscribe] }, 'metrics'],
    ['another range', { metrics: [visit, { ...spend, range: [0, 600] }, unsubscribe] }, 'metrics'],
    [
      'another primary metric',
      { metrics: [{ ...visit, role: 'secondary' }, { ...spend, role: 'primary' }, unsubscribe] },
      'metrics',
    ],
    ['another goal', { metrics: [{ ...visit, goal: 'decrease' }, spend, unsubscribe] }, 'metrics'],
    ['another margin', { metrics: [visit, spend, { ...unsubscribe, margin: 0.5 }] }, 'metrics'],
    ['another control', { control: 'mens' }, 'control'],
    ['another alpha', { alpha: 0.1 }, 'alpha'],
    ['another prior', { policy: { ...WHOLE.policy, prior: { alpha: 2, beta: 1 } } }, 'policy.prior'],
    ['another number of planned units', { plannedUnits: 40_000 }, 'plannedUnits'],
    ['an arm less', { arms: WHOLE.arms.slice(0, 2) }, 'arms'],
    ['an arm under another name', { arms: [...WHOLE.arms.slice(0, 2), { key: 'ladies' }] }, 'arms'],
  ])('is refused once it runs, and told what to do instead: %s', async (_name, changes, path) => {
    await put(WHOLE)
    await changeTo('start')
    for (const verb of [null, 'pause', 'stop']) {
      if (verb !== null) await changeTo(verb)
      const before = await bookOf(service)
      const answer = await put({ ...WHOLE, ...changes })
      const paths = expectProblem(answer, 409, 'experiment_frozen')
      expect(
        paths.every(told => told.startsWith(path)),
        answer.text,
      ).toBe(true)
      expect(answer.text).toMatch(/instead|retired/)
      expect(await bookOf(service)).toEqual(before)
    }
  })

  it('names everything that is frozen at once', async () => {
    await put(WHOLE)
    await changeTo('start')
    const answer = await put({
      ...WHOLE,
      alpha: 0.1,
      plannedUnits: 50_000,
      control: 'mens',
      metrics: [visit],
      arms: WHOLE.arms.slice(0, 2),
    })
    expect(expectProblem(answer, 409, 'experiment_frozen').sort()).toEqual([
      'alpha',
      'arms',
      'control',
      'metrics.spend',
      'metrics.unsubscribe',
      'plannedUnits',
    ])
  })

  it('changes nothing of a stopped experiment', async () => {
    await put(WHOLE)
    await changeTo('start')
    await changeTo('stop')
    const before = await bookOf(service)
    for (const changes of [
      { description: 'x' },
      { arms: [...WHOLE.arms, { key: 'kids' }] },
      { policy: { type: 'uniform' } },
    ]) {
      expectProblem(await put({ ...WHOLE, ...changes }), 409, 'experiment_frozen')
    }
    expect(await bookOf(service)).toEqual(before)
  })

  it('makes a version of each change that comes at once, or refuses it', async () => {
    await put(WHOLE)
    await changeTo('start')
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => put({ ...WHOLE, description: `change ${n}` })),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBeGreaterThan(0)
    for (const answer of answers) if (answer.status !== 200) expectProblem(answer, 409, 'experiment_changed')
    const { history } = await read('/history')
    expect(history.map(({ version }: { version: number }) => version)).toEqual(
      history.map((_: unknown, n: number) => n + 1),
    )
    expect(history).toHaveLength(2 + won.length)
    expect((await read()).version).toBe(history.length)
  })

  // The differences between lists go by the keys of their items, whatever the lists are.
  it.each([
    ['a list in another order', [{ key: 'a' }, { key: 'b' }], [{ key: 'b' }, { key: 'a' }]],
    ['a list with one item more of the same key', [{ key: 'a' }], [{ key: 'a' }, { key: 'a' }]],
  ])('sees every change of a payload: %s', async (_name, payload, other) => {
    const withPayload = (value: unknown) => emailDefinition({ arms: [{ key: 'a', payload: value }, { key: 'b' }] })
    await put(withPayload(payload))
    expect(await put(withPayload(other))).toMatchObject({ status: 200, body: { version: 2 } })
    expect((await read()).arms[0].payload).toEqual(other)
  })

  // The differences are told by Object.is; the store gives back 0.
  it('sees no change between 0 and −0, which JSON does not keep apart', async () => {
    const definition =
      '{"arms":[{"key":"a","payload":-0},{"key":"b"}],"metrics":[{"key":"visit","type":"binary","role":"primary"}]}'
    const same = () => service.call('PUT', '/experiments/spring-email', Buffer.from(definition))
    await same()
    service = await service.restart()
    expect((await same()).body.version).toBe(1)
  })

  it.each([
    [null, { a: {} }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, {}],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    ['1', 1],
    [0, false],
    [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 2}')],
  ])('sees that a payload of %j became %j', async (payload, other) => {
    const withPayload = (value: unknown) => emailDefinition({ arms: [{ key: 'a', payload: value }, { key: 'b' }] })
    await put(withPayload(payload))
    expect((await put(withPayload(payload))).body.version).toBe(1)
    const changed = await put(withPayload(other))
    expect(changed.body.version).toBe(2)
    expect(JSON.stringify(changed.body.arms[0].payload)).toBe(JSON.stringify(other))
  })

  it('PUT and pause answer alike however often they come at the same moment', async () => {
    const definition = emailDefinition({ key: 'twice' })
    const { key: _, ...body } = definition
    const put = (changes = {}) => service.call('PUT', '/experiments/twice', { ...body, ...changes })
    const created = await Promise.all([put(), put(), put()])
    expect(created.map(({ status }) => status).toSorted()).toEqual([200, 200, 201])
    await service.call('POST', '/experiments/twice/start')
    const changed = await Promise.all([put({ description: 'a' }), put({ description: 'a' }), put({ description: 'a' })])
    expect(changed.map(({ status, body: { version } }) => [status, version])).toEqual([
      [200, 3],
      [200, 3],
      [200, 3],
    ])
    const paused = await Promise.all([1, 2, 3].map(() => service.call('POST', '/experiments/twice/pause')))
    expect(paused.map(({ status, body: { version } }) => [status, version])).toEqual([
      [200, 4],
      [200, 4],
      [200, 4],
    ])
  })
})

describe('the life of an experiment', () => {
  const PATHS = { draft: [], running: ['start'], paused: ['start', 'pause'], stopped: ['start', 'stop'] }
  const STATUSES = { start: 'running', pause: 'paused', stop: 'stopped' }

  it.each([
    ['draft', 'start', 200],
    ['draft', 'pause', 409],
    ['draft', 'stop', 409],
    ['running', 'start', 200],
    ['running', 'pause', 200],
    ['running', 'stop', 200],
    ['paused', 'start', 200],
    ['paused', 'pause', 200],
    ['paused', 'stop', 200],
    ['stopped', 'start', 409],
    ['stopped', 'pause', 409],
    ['stopped', 'stop', 200],
  ] as const)('%s, then %s: %i', async (from, verb, status) => {
    await post(WHOLE)
    for (const step of PATHS[from]) expect((await changeTo(step)).status).toBe(200)
    const before = await bookOf(service)
    service.now += MINUTE
    const answer = await changeTo(verb)
    if (status === 409) expectProblem(answer, 409, 'invalid_transition')
    else
      expect(answer.body).toMatchObject({
        status: STATUSES[verb],
        version: PATHS[from].length + (from === STATUSES[verb] ? 1 : 2),
      })
    if (status === 409 || from === STATUSES[verb]) expect(await bookOf(service)).toEqual(before)
    service = await service.restart()
    expect(await read()).toMatchObject({ status: status === 409 ? from : STATUSES[verb] })
  })

  it('tells when it was created, started and stopped', async () => {
    await post(WHOLE)
    service.now += MINUTE
    await changeTo('start')
    service.now += MINUTE
    await changeTo('pause')
    await changeTo('start')
    service.now += MINUTE
    const { body } = await changeTo('stop')
    expect(body).toMatchObject({
      createdAt: '2026-01-05T12:00:00.000Z',
      startedAt: '2026-01-05T12:01:00.000Z',
      stoppedAt: '2026-01-05T12:03:00.000Z',
    })
    service = await service.restart()
    expect(await read()).toEqual(body)
  })

  it('takes a body without anything for start, pause and stop, as curl -X POST sends it', async () => {
    await post(WHOLE)
    for (const verb of ['start', 'pause', 'stop']) {
      const response = await fetch(`${service.url}/experiments/spring-email/${verb}`, { method: 'POST' })
      expect(response.status).toBe(200)
    }
  })

  it('takes {} as nothing, and a winner as a form', async () => {
    await post(WHOLE)
    expect((await changeTo('start', {})).status).toBe(200)
    expect(await changeTo('stop', 'winner=mens')).toMatchObject({
      status: 200,
      body: { status: 'stopped', winner: 'mens' },
    })
  })

  it.each(['control', 'mens', 'womens'])('stops with the winner %s', async winner => {
    await startExperiment(service)
    expect(await changeTo('stop', { winner })).toMatchObject({ status: 200, body: { status: 'stopped', winner } })
    const before = await bookOf(service)
    expect(await changeTo('stop', { winner })).toMatchObject({ status: 200, body: { winner } })
    expect(await bookOf(service)).toEqual(before)
  })

  it('stops with the winner null as with none', async () => {
    await startExperiment(service)
    expect(await changeTo('stop', { winner: null })).toMatchObject({ status: 200, body: { winner: null } })
  })

  it('takes a snapshot at each start', async () => {
    await startExperiment(service)
    service.now += MINUTE
    await changeTo('pause')
    expect((await read('/snapshots')).snapshots).toHaveLength(1)
    await changeTo('start')
    expect((await read('/snapshots')).snapshots).toMatchObject([
      { snapshot: 1, reason: 'start', createdAt: '2026-01-05T12:00:00.000Z' },
      { snapshot: 2, reason: 'start', createdAt: '2026-01-05T12:01:00.000Z' },
    ])
  })

  it('gives one version to several starts at once', async () => {
    await post(WHOLE)
    const answers = await Promise.all(Array.from({ length: 6 }, () => changeTo('start')))
    for (const answer of answers) if (answer.status !== 200) expectProblem(answer, 409, 'experiment_changed')
    expect(answers.some(({ status }) => status === 200)).toBe(true)
    expect(await read()).toMatchObject({ status: 'running', version: 2 })
    expect((await read('/snapshots')).snapshots).toHaveLength(1)
  })
})

describe('GET /experiments', () => {
  it('lists all, each as it is shown alone', async () => {
    expect((await service.call('GET', '/experiments')).body).toEqual({ experiments: [] })
    await post(WHOLE)
    await startExperiment(service, { key: 'other' })
    const { experiments } = (await service.call('GET', '/experiments')).body
    expect(keysOf(experiments)).toEqual(['spring-email', 'other'])
    for (const shown of experiments) {
      expect((await service.call('GET', `/experiments/${shown.key}`)).body).toEqual(shown)
    }
  })

  it('shows the salt on an open service, another for each experiment, and never changes it', async () => {
    await post(WHOLE)
    await startExperiment(service, { key: 'other' })
    const { salt } = await read()
    expect(salt).toEqual(expect.any(String))
    expect((await service.call('GET', '/experiments/other')).body.salt).not.toBe(salt)
    await changeTo('start')
    await put({ ...WHOLE, description: 'new' })
    service = await service.restart()
    expect((await read()).salt).toBe(salt)
  })

  it('knows no experiment that nobody created, and creates none', async () => {
    const before = await bookOf(service)
    for (const rest of [
      '',
      '/history',
      '/report',
      '/snapshots',
      '/assignments.csv',
      '/assignments.ndjson',
      '/report.txt',
    ]) {
      expectProblem(await service.call('GET', `/experiments/nobody${rest}`), 404, 'experiment_not_found')
    }
    for (const verb of ['start', 'pause', 'stop']) {
      expectProblem(await service.call('POST', `/experiments/nobody/${verb}`), 404, 'experiment_not_found')
    }
    expect(await bookOf(service)).toEqual(before)
  })
})

describe('GET /experiments/:key/history', () => {
  it('tells who did what, and when', async () => {
    await post(WHOLE)
    service.now += MINUTE
    await changeTo('start')
    service.now += MINUTE
    const arms = [...WHOLE.arms.map(arm => ({ ...arm, retired: arm.key === 'mens' })), { key: 'kids' }]
    await put({ ...WHOLE, arms, policy: { ...WHOLE.policy, exploration: 0.3 } })
    await changeTo('pause')
    await changeTo('stop', { winner: 'womens' })
    const answer = await read('/history')
    expect(answer).toMatchObject({
      experiment: 'spring-email',
      history: [
        { version: 1, at: '2026-01-05T12:00:00.000Z', actor: 'anonymous', action: 'created' },
        { version: 2, at: '2026-01-05T12:01:00.000Z', action: 'started' },
        { version: 3, at: '2026-01-05T12:02:00.000Z', action: 'changed' },
        { version: 4, action: 'paused' },
        { version: 5, action: 'stopped' },
      ],
    })
    const [, started, changed, , stopped] = answer.history
    expect(started.changes).toEqual([{ path: 'status', before: 'draft', after: 'running' }])
    expect(changed.changes).toEqual(
      expect.arrayContaining([
        { path: 'arms.mens.retired', before: false, after: true },
        { path: 'policy.exploration', before: 0.1, after: 0.3 },
        { path: 'arms.kids', after: expect.objectContaining({ key: 'kids' }) },
      ]),
    )
    expect(changed.changes).toHaveLength(3)
    expect(stopped.changes).toContainEqual({ path: 'winner', before: null, after: 'womens' })
    service = await service.restart()
    expect(await read('/history')).toEqual(answer)
  })

  it('has no entry for what changed nothing, or was refused', async () => {
    await post(WHOLE)
    await put(WHOLE)
    await post(WHOLE)
    await changeTo('pause')
    await changeTo('start')
    await changeTo('start')
    await put({ ...WHOLE, alpha: 0.1 })
    const actions = (await read('/history')).history.map(({ action }: { action: string }) => action)
    expect(actions).toEqual(['created', 'started'])
  })
})

describe('/experiments while the store fails', () => {
  it('answers 503, changes nothing, and works again afterwards', async () => {
    await post(WHOLE)
    await changeTo('start')
    const before = await bookOf(service)
    store.isDown = true
    const answers = [
      await post({ ...WHOLE, key: 'other' }),
      await put({ ...WHOLE, key: 'other' }, 'other'),
      await put({ ...WHOLE, description: 'new' }),
      await changeTo('pause'),
      await changeTo('stop', { winner: 'mens' }),
      await service.call('GET', '/experiments/spring-email/history'),
      await service.call('GET', '/experiments/spring-email/snapshots'),
      await service.call('GET', '/experiments/spring-email/report'),
      await service.call('GET', '/experiments/spring-email/assignments.csv'),
      await service.call('GET', '/experiments/spring-email/assignments.ndjson'),
    ]
    for (const answer of answers) {
      expectProblem(answer, 503, 'store_unavailable')
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    store.isDown = false
    expect(await bookOf(service)).toEqual(before)
    expect(await changeTo('pause')).toMatchObject({ status: 200, body: { version: 3 } })
  })
})

/** What a GET showed, as somebody would send it back: without what is no part of a definition. */
function shownAsInput(shown: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(shown).filter(([name]) => name in WHOLE))
}

describe('a list of many experiments', () => {
  it('comes in parts, and is the same JSON', async () => {
    const many = await startService()
    const keys = Array.from({ length: 25 }, (_, number) => `many-${number}`)
    for (const key of keys) await many.call('POST', '/experiments', emailDefinition({ key }))
    const { body, headers, text } = await many.call('GET', '/experiments')
    expect((body.experiments as { key: string }[]).map(({ key }) => key)).toEqual(keys)
    expect(headers.get('content-length')).toBeNull()
    expect(text.endsWith('\n')).toBe(true)
    expect((await many.call('HEAD', '/experiments')).status).toBe(200)
    await many.close()
  })
})
