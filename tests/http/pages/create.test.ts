import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BLANK_FORM, definitionIn, readForm, reshaped } from '../../../src/http/input/definition-form.ts'
import { type Service, startService } from '../../support/http/service.ts'

const FILLED = {
  key: 'spring-email',
  description: "it's spring",
  'arms[0].key': 'control',
  'arms[1].key': 'mens',
  'arms[1].payload': '{"template": "m1"}',
  'metrics[0].key': 'visit',
  'metrics[0].role': 'primary',
  'metrics[1].key': 'spend',
  'metrics[1].role': 'guardrail',
  'metrics[1].type': 'continuous',
  'metrics[1].goal': 'decrease',
  'metrics[1].window': '14d',
  'metrics[1].range[0]': '-1',
  'metrics[1].range[1]': '500',
  'metrics[1].margin': '0.5',
}

const FEATURED = {
  'policy.type': 'contextual',
  'policy.exploration': '0.2',
  'policy.shrinkage': '1',
  'policy.halfLife': '30d',
  adjust: 'no',
  'features[0].key': 'channel',
  'features[0].type': 'categorical',
  'features[0].levels': 'web, phone',
  'features[0].segment': 'yes',
  'features[0].range[0]': '7',
  'features[1].key': 'spent',
  'features[1].type': 'numeric',
  'features[1].range[0]': '0',
  'features[1].range[1]': '2000',
  'features[1].scale': 'log',
  'features[1].step': '10',
  'features[2].key': 'member',
  'features[2].type': 'boolean',
  'features[3].key': 'city',
  'features[3].type': 'hashed',
  'features[3].buckets': '8',
}

describe('definitionIn()', () => {
  it('leaves out what was left empty', () => {
    const { input, faults } = definitionIn(readForm(FILLED).form)
    expect(faults).toEqual([])
    expect(input).toEqual({
      key: 'spring-email',
      description: "it's spring",
      arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }],
      metrics: [
        { key: 'visit', type: 'binary', role: 'primary' },
        {
          key: 'spend',
          type: 'continuous',
          role: 'guardrail',
          goal: 'decrease',
          window: '14d',
          range: [-1, 500],
          margin: 0.5,
        },
      ],
    })
  })

  it.each([
    ['thompson', {}, undefined],
    ['thompson', { 'policy.exploration': '0.2' }, { type: 'thompson', exploration: 0.2 }],
    [
      'thompson',
      { 'policy.exploration': '0.5, 0.1' },
      { type: 'thompson', exploration: { untilVerdict: 0.5, after: 0.1 } },
    ],
    [
      'thompson',
      { 'policy.exploration': '0.5,much' },
      { type: 'thompson', exploration: { untilVerdict: 0.5, after: 'much' } },
    ],
    ['thompson', { 'policy.exploration': '0,5,1' }, { type: 'thompson', exploration: '0,5,1' }],
    ['exploration', { 'policy.controlShare': '0.3' }, { type: 'exploration', controlShare: 0.3 }],
    ['uniform', { 'policy.exploration': '0.2' }, { type: 'uniform' }],
    [
      'fixed',
      { 'arms[0].weight': '0.5', 'arms[1].weight': 'half' },
      { type: 'fixed', weights: { control: 0.5, mens: 'half' } },
    ],
  ])('reads the policy %s with %j', (type, fields, policy) => {
    const { input } = definitionIn(readForm({ ...FILLED, 'policy.type': type, ...fields }).form)
    expect(input.policy).toEqual(policy)
  })

  it('reads features of every type, with what their types have', () => {
    const { input, faults } = definitionIn(readForm({ ...FILLED, ...FEATURED }).form)
    expect(faults).toEqual([])
    expect(input).toMatchObject({
      policy: { type: 'contextual', exploration: 0.2, shrinkage: 1, halfLife: '30d' },
      adjust: false,
    })
    expect(input.features).toEqual([
      { key: 'channel', type: 'categorical', levels: ['web', 'phone'], segment: true },
      { key: 'spent', type: 'numeric', range: [0, 2000], scale: 'log', step: 10 },
      { key: 'member', type: 'boolean' },
      { key: 'city', type: 'hashed', buckets: 8 },
    ])
  })

  it('says nothing of adjustment and of features where there are none', () => {
    expect(definitionIn(readForm({ ...FILLED, adjust: 'no' }).form).input).not.toHaveProperty('adjust')
  })

  it('says which payload is no JSON', () => {
    const { faults } = definitionIn(readForm({ ...FILLED, 'arms[0].payload': 'm1' }).form)
    expect(faults).toEqual([{ path: 'arms[0].payload', message: 'must be JSON; text goes in quotes, as "m1"' }])
  })
})

describe('reshaped()', () => {
  it.each([
    ['add-arm', 3, 1, 'arms[2].key'],
    ['add-metric', 2, 2, 'metrics[1].key'],
    ['remove-arm-1', 1, 1, 'arms[0].key'],
    ['remove-metric-0', 2, 0, 'metrics[0].key'],
  ])('%s', (deed, arms, metrics, focus) => {
    const shaped = reshaped(BLANK_FORM, deed)
    expect([shaped?.form.arms.length, shaped?.form.metrics.length, shaped?.focus]).toEqual([arms, metrics, focus])
  })

  it.each(['check', 'create', 'remove-policy-1', 'add-arm-1', 'remove-arm', ''])('leaves it at %j', deed => {
    expect(reshaped(BLANK_FORM, deed)).toBeNull()
  })

  it('adds and takes out features', () => {
    const more = reshaped(BLANK_FORM, 'add-feature')
    expect([more?.form.features.length, more?.focus]).toEqual([1, 'features[0].key'])
    expect(reshaped(more?.form ?? BLANK_FORM, 'remove-feature-0')?.form.features).toEqual([])
  })
})

describe('POST /new', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService()
  })

  afterAll(() => service.close())

  const post = (fields: Record<string, string>) =>
    fetch(`${service.url}/new`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

  it('names each fault of features beside its field', async () => {
    const page = await (
      await post({ ...FILLED, ...FEATURED, 'features[0].levels': 'web,web', 'features[3].buckets': '99', do: 'create' })
    ).text()
    expect(page).toContain('id="features[0].levels-fault">&quot;web&quot; is there twice')
    expect(page).toContain('id="features[3].buckets-fault">must be a whole number from 2 to 32')
  })

  it('checks without creating, and writes the command', async () => {
    const answer = await post({ ...FILLED, do: 'check' })
    expect(answer.status).toBe(200)
    const page = await answer.text()
    expect(page).not.toContain('class="fault"')
    expect(page).toContain('&quot;description&quot;: &quot;it&#39;\\&#39;&#39;s spring&quot;')
    expect((await service.call('GET', '/experiments')).body.experiments).toEqual([])
  })

  it('says of each field that may be left empty what holds then, and gives no example that looks like it', async () => {
    const noteOf = (page: string, id: string) =>
      page.split(`id="${id}-note">`)[1]?.split('<')[0]?.replaceAll('&quot;', '"') ?? null
    const blank = await (await fetch(`${service.url}/new`)).text()
    expect(blank).not.toContain('placeholder=')
    expect(blank).toContain('aria-describedby="alpha-note"')
    const page = await (await post({ ...FILLED, alpha: '2', do: 'check' })).text()
    expect(page).toContain('aria-describedby="alpha-note alpha-fault"')
    const notes = {
      key: 'as spring-email',
      'arms[1].payload': 'none unless given, as {"template": "m1"}',
      'metrics[0].window': 'none unless given, as 14d',
      'metrics[0].goal': null,
      'metrics[1].goal': 'higher unless you say lower, as for complaints',
      'metrics[1].margin': '0 unless given, which only a real improvement proves; as 0.01',
      'policy.exploration': '0.5, 0.1 unless given',
      'policy.controlShare': 'none unless given',
      alpha: '0.05 unless given',
      plannedUnits: '30000 unless given',
      minDuration: 'none unless given, as 7d',
    }
    for (const [id, note] of Object.entries(notes)) expect([id, noteOf(page, id)]).toEqual([id, note])
  })

  it.each([
    [{}, '0.5, 0.1', 'none'],
    [{ 'policy.controlShare': '0.3' }, '0.1', 'none'],
    [{ 'arms[2].key': 'womens' }, '0.1', '0.2'],
    [{ 'arms[2].key': 'womens', 'policy.type': 'uniform' }, null, 'none'],
  ])('says what the policy does by itself with %j', async (fields, exploration, controlShare) => {
    const page = await (await post({ ...FILLED, ...fields, do: 'check' })).text()
    if (exploration !== null) expect(page).toContain(`id="policy.exploration-note">${exploration} unless given<`)
    expect(page).toContain(`id="policy.controlShare-note">${controlShare} unless given<`)
    const { input } = definitionIn(readForm({ ...FILLED, ...fields }).form)
    const plan = await service.call('POST', '/experiments/spring-email/plan', input)
    const { policy } = plan.body.experiment
    if (exploration !== null)
      expect(Object.values(Object(policy.exploration)).join(', ') || `${policy.exploration}`).toBe(exploration)
    if (!('policy.controlShare' in fields)) expect(`${policy.controlShare ?? 'none'}`).toBe(controlShare)
  })

  it('says of an empty field that it is wrong only when it is to be created', async () => {
    expect(await (await post({ ...FILLED, 'arms[1].key': '', do: 'check' })).text()).not.toContain('class="fault"')
    const answer = await post({ ...FILLED, 'arms[1].key': '', do: 'create' })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('id="arms[1].key-fault"')
  })

  it('says every fault beside its field, and loses nothing that was written', async () => {
    const answer = await post({
      ...FILLED,
      key: 'Spring!',
      'metrics[1].range[0]': 'x"<b>',
      alpha: '2',
      'policy.exploration': 'much',
      do: 'create',
    })
    expect(answer.status).toBe(400)
    const page = await answer.text()
    for (const id of ['key', 'metrics[1].range[0]', 'alpha', 'policy.exploration'])
      expect(page).toContain(`id="${id}-fault"`)
    expect(page).toContain('value="x&quot;&lt;b&gt;"')
  })

  it.each([
    [{ 'policy.exploration': '0.5, 0' }, 'policy.exploration'],
    [{ 'policy.exploration': '0.5, ' }, 'policy.exploration'],
    [{ minDuration: 'a week' }, 'minDuration'],
  ])('says beside its field what is wrong with %j', async (fields, id) => {
    const page = await (await post({ ...FILLED, ...fields, do: 'create' })).text()
    expect(page).toContain(`id="${id}-fault"`)
    expect(page).not.toContain('<p class="fault">')
  })

  it('says what belongs to no field as well', async () => {
    const page = await (
      await post({ ...FILLED, 'policy.type': 'fixed', 'arms[0].weight': '1', 'arms[1].weight': '1', do: 'create' })
    ).text()
    expect(page).toContain('<code>policy.weights</code> must sum to 1, not 2')
  })

  it('creates, or creates and starts, and leads to the page', async () => {
    const created = await post({ ...FILLED, do: 'create' })
    expect([created.status, created.headers.get('location')]).toEqual([303, '/pages/spring-email'])
    expect((await service.call('GET', '/experiments/spring-email')).body.status).toBe('draft')
    expect((await post({ ...FILLED, key: 'other', do: 'create-start' })).status).toBe(303)
    expect((await service.call('GET', '/experiments/other')).body.status).toBe('running')
    const taken = await post({ ...FILLED, do: 'create' })
    expect(taken.status).toBe(400)
    expect(await taken.text()).toContain('is taken by another experiment')
  })

  it('refuses what is no form', async () => {
    expect((await service.call('POST', '/new', [1])).status).toBe(400)
    expect((await service.call('POST', '/new', { key: 1 })).status).toBe(400)
    expect((await service.call('POST', '/new')).status).toBe(400)
  })

  it('creates what the same definition in JSON does, with features', async () => {
    const { input } = definitionIn(readForm({ ...FILLED, ...FEATURED }).form)
    const answer = await post({ ...FILLED, ...FEATURED, key: 'by-form', do: 'create' })
    expect(answer.status, await answer.text()).toBe(303)
    await service.call('PUT', '/experiments/by-json', { ...input, key: 'by-json' })
    const [ours, theirs] = await Promise.all(
      ['by-form', 'by-json'].map(async key => (await service.call('GET', `/experiments/${key}`)).body),
    )
    expect({ ...ours, key: '', salt: '' }).toEqual({ ...theirs, key: '', salt: '' })
    await service.call('POST', '/experiments/by-form/start')
  })
})
