import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BLANK_FORM, definitionIn, readForm, reshaped } from '../../src/http/definition-form.ts'
import { type Service, startService } from '../support/service.ts'

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

  it.each(['check', 'create', 'remove-policy-1', ''])('leaves it at %j', deed => {
    expect(reshaped(BLANK_FORM, deed)).toBeNull()
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

  it('checks without creating, and writes the command', async () => {
    const answer = await post({ ...FILLED, do: 'check' })
    expect(answer.status).toBe(200)
    const page = await answer.text()
    expect(page).not.toContain('class="fault"')
    expect(page).toContain('&quot;description&quot;: &quot;it&#39;\\&#39;&#39;s spring&quot;')
    expect((await service.call('GET', '/experiments')).body.experiments).toEqual([])
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
})
