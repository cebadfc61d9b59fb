import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import type { Answer } from '../../support/http/answer.ts'
import { CONTEXTUAL } from '../../support/http/contexts.ts'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const FLAGS = '/ofrep/v1/evaluate/flags'

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

const forUnit = (unit: string, more: object = {}) => ({ context: { targetingKey: unit, ...more } })

const evaluate = (key: string, body: unknown = forUnit('u-17')) => service.call('POST', `${FLAGS}/${key}`, body)

const evaluateAll = (body: unknown = forUnit('u-17'), etag?: string) =>
  service.call('POST', FLAGS, body, etag === undefined ? {} : { 'if-none-match': etag })

const move = async (verb: string, body?: unknown, key = 'spring-email') => {
  const answer = await service.call('POST', `/experiments/${key}/${verb}`, body)
  expect(answer.status, answer.text).toBe(200)
}

/** Two arms of which the first one gets nearly everybody. */
const nearly = (payloads: readonly [unknown, unknown], changes: object = {}) => ({
  arms: [
    { key: 'a', payload: payloads[0] },
    { key: 'b', payload: payloads[1] },
  ],
  policy: { type: 'fixed', weights: { a: 0.999, b: 0.001 } },
  ...changes,
})

/** A refusal as RFC 9457 and OFREP want it, in one body. */
function expectBothShapes(answer: Answer, status: number, code: string, errorCode: string, key?: string) {
  expectProblem(answer, status, code)
  expect(answer.body).toMatchObject({ errorCode, errorDetails: answer.body.detail, metadata: {} })
  expect(answer.body.key).toBe(key)
}

describe('POST /ofrep/v1/evaluate/flags/:key', () => {
  it('judges the experiment as it is when the body has arrived', async () => {
    await service.call('POST', '/experiments', emailDefinition())
    const connection = await RawConnection.open(service.url)
    const head = { 'Content-Type': 'application/json', 'Content-Length': 14 }
    await connection.send(`${requestHead('POST', `${FLAGS}/spring-email`, head)}{"context"`)
    await service.call('GET', '/livez')
    await move('start')
    await connection.send(':{}}')
    const { status, text } = await connection.answer()
    expect([status, JSON.parse(text).errorCode]).toEqual([400, 'TARGETING_KEY_MISSING'])
    await connection.reset()
  })

  it('answers the arm that /assign gives, and keeps it', async () => {
    await startExperiment(service, { arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }] })
    const answer = await evaluate('spring-email')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { body: kept } = await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u-17' })
    expect(kept.reason).toBe('kept')
    expect(answer.body).toEqual({
      key: 'spring-email',
      value: kept.arm,
      reason: 'SPLIT',
      variant: kept.arm,
      metadata: {
        experiment: 'spring-email',
        version: 2,
        policy: 'thompson',
        propensity: kept.propensity,
        snapshot: kept.snapshot,
      },
    })
    expect((await evaluate('spring-email')).text).toBe(answer.text)
  })

  const written: [type: string, payloads: [unknown, unknown], text: string][] = [
    ['strings', ['blue', 'red'], '"blue"'],
    ['booleans', [false, true], 'false'],
    ['integers', [3, 4], '3'],
    ['floats', [1, 0.5], '1.0'],
    ['floats below 0', [-2, 0.5], '-2.0'],
    ['large floats', [1e21, 0.5], '1e+21'],
    ['objects', [{ template: 'm1', sizes: [1, 2] }, {}], '{"template":"m1","sizes":[1,2]}'],
    ['no payloads', [null, undefined], '"a"'],
  ]

  it('writes each value as its type asks', async () => {
    for (const [type, payloads, text] of written) {
      const key = type.replaceAll(' ', '-')
      await startExperiment(service, { key, ...nearly(payloads) })
      const answer = await evaluate(key)
      expect(answer.body.variant).toBe('a')
      expect(answer.text).toContain(`"value":${text},`)
    }
  })

  it('leaves the value out for an arm without a payload beside others, so that the default in the code rules', async () => {
    await startExperiment(service, nearly([null, { template: 'm1' }]))
    const { body } = await evaluate('spring-email')
    expect(body).toMatchObject({ reason: 'SPLIT', variant: 'a' })
    expect(body).not.toHaveProperty('value')
  })

  it('refuses lists, which OFREP has not, before it assigns a unit', async () => {
    await startExperiment(service, nearly([[1], [2]]))
    const before = await bookOf(service)
    expectBothShapes(await evaluate('spring-email'), 400, 'invalid_request', 'GENERAL', 'spring-email')
    expect(await bookOf(service)).toEqual(before)
  })

  it.each<[status: string, reason: string, arrange: () => Promise<unknown>]>([
    ['a draft', 'DISABLED', () => service.call('POST', '/experiments', emailDefinition(nearly(['x', 'y'])))],
    [
      'a paused experiment',
      'DISABLED',
      async () => {
        await startExperiment(service, nearly(['x', 'y']))
        await move('pause')
      },
    ],
    [
      'one that was stopped without a winner',
      'DISABLED',
      async () => {
        await startExperiment(service, nearly(['x', 'y']))
        await move('stop')
      },
    ],
  ])('answers no value of %s to a unit without an arm', async (_, reason, arrange) => {
    await arrange()
    const before = await bookOf(service)
    const { status, body } = await evaluate('spring-email')
    expect({ status, ...body }).toMatchObject({ status: 200, reason, variant: 'a', metadata: expect.any(Object) })
    expect(body).not.toHaveProperty('value')
    expect(body.metadata).not.toHaveProperty('propensity')
    expect(await bookOf(service)).toEqual(before)
  })

  it('keeps the arm of a unit while paused and after a stop, until there is a winner', async () => {
    await startExperiment(service, nearly(['x', 'y']))
    const { body: first } = await evaluate('spring-email')
    await move('pause')
    expect((await evaluate('spring-email')).body).toMatchObject({ reason: 'SPLIT', value: first.value })
    await move('stop')
    expect((await evaluate('spring-email')).body).toMatchObject({ reason: 'SPLIT', value: first.value })
    await move('stop', { winner: 'b' })
    expect((await evaluate('spring-email')).body).toMatchObject({ reason: 'STATIC', value: 'y', variant: 'b' })
  })

  const badBodies: [body: unknown, errorCode: string][] = [
    [{}, 'TARGETING_KEY_MISSING'],
    [{ context: {} }, 'TARGETING_KEY_MISSING'],
    [{ context: null }, 'TARGETING_KEY_MISSING'],
    [{ context: { targetingKey: '' } }, 'TARGETING_KEY_MISSING'],
    [{ context: { targetingKey: null } }, 'TARGETING_KEY_MISSING'],
    [{ context: { targetingKey: 17.5 } }, 'INVALID_CONTEXT'],
    [{ context: { targetingKey: 2 ** 53 } }, 'INVALID_CONTEXT'],
    [{ context: { targetingKey: true } }, 'INVALID_CONTEXT'],
    [{ context: { targetingKey: 'x'.repeat(257) } }, 'INVALID_CONTEXT'],
    [{ context: { targetingKey: 'a\0b' } }, 'INVALID_CONTEXT'],
    [{ context: 'u-17' }, 'INVALID_CONTEXT'],
    [[], 'INVALID_CONTEXT'],
    [undefined, 'INVALID_CONTEXT'],
  ]

  it('says what is wrong with a context', async () => {
    await startExperiment(service)
    for (const [body, errorCode] of badBodies) {
      const single = await service.call('POST', `${FLAGS}/spring-email`, body)
      expectBothShapes(single, 400, 'invalid_request', errorCode, 'spring-email')
      expectBothShapes(await service.call('POST', FLAGS, body), 400, 'invalid_request', errorCode)
    }
  })

  it('ignores fields that it does not know', async () => {
    await startExperiment(service)
    const answer = await evaluate('spring-email', { ...forUnit('u', { country: 'CA', nested: {} }), more: 1 })
    expect(answer.status).toBe(200)
  })

  it('is found in letters of either case, as every other address', async () => {
    await startExperiment(service)
    const { body } = await service.call('POST', '/OFREP/v1/Evaluate/flags/spring-email', forUnit('u-17'))
    expect(body).toEqual((await evaluate('spring-email')).body)
    const missing = await service.call('POST', '/OFREP/v1/Evaluate/flags/Spring-Email', forUnit('u-17'))
    expectBothShapes(missing, 404, 'experiment_not_found', 'FLAG_NOT_FOUND', 'Spring-Email')
  })

  it('knows no experiment of another name', async () => {
    expectBothShapes(await evaluate('nothing'), 404, 'experiment_not_found', 'FLAG_NOT_FOUND', 'nothing')
    expectBothShapes(await evaluate('a/b'), 404, 'experiment_not_found', 'FLAG_NOT_FOUND', 'a/b')
    expectBothShapes(await evaluate('%C3%A9'), 404, 'experiment_not_found', 'FLAG_NOT_FOUND', 'é')
    expectBothShapes(await evaluate('%zz'), 404, 'experiment_not_found', 'FLAG_NOT_FOUND', '%zz')
  })

  it('tells its clients of those statuses only that they know', async () => {
    await startExperiment(service)
    const path = `${FLAGS}/spring-email`
    const post = (body: unknown, headers: Record<string, string>) => service.call('POST', path, body, headers)
    const json = { 'content-type': 'application/json' }
    const key = 'spring-email'
    expectBothShapes(await post(Buffer.from('{'), json), 400, 'invalid_json', 'PARSE_ERROR', key)
    expectBothShapes(await post({}, { 'content-type': 'text/xml' }), 400, 'unsupported_media_type', 'GENERAL', key)
    expectBothShapes(await post(Buffer.alloc(1_048_577), json), 400, 'body_too_large', 'GENERAL', key)
    expectBothShapes(await service.call('GET', path), 400, 'method_not_allowed', 'GENERAL', key)
    store.isDown = true
    const down = await evaluate(key)
    expectBothShapes(down, 500, 'store_unavailable', 'GENERAL', key)
    expect(down.headers.get('retry-after')).toBeNull()
    expectBothShapes(await evaluateAll(), 500, 'store_unavailable', 'GENERAL')
    expect((await service.call('POST', '/rewards', { unit: 'u', metric: 'visit' })).status).toBe(503)
  })

  it('asks for a key in both shapes, and takes it in every way', async () => {
    await service.close()
    service = await startService({ adminKey: KEY })
    expectBothShapes(await evaluate('x'), 401, 'unauthorized', 'GENERAL', 'x')
    expectBothShapes(await evaluateAll(), 401, 'unauthorized', 'GENERAL')
    const basic = Buffer.from(`${KEY}:`).toString('base64')
    for (const headers of [
      { authorization: `Bearer ${KEY}` },
      { 'x-api-key': KEY },
      { authorization: `Basic ${basic}` },
    ]) {
      expect((await service.call('POST', FLAGS, forUnit('u'), headers as Record<string, string>)).status).toBe(200)
    }
  })
})

describe('an evaluation without a targetingKey', () => {
  const NOBODY = [
    {},
    { context: {} },
    { context: { targetingKey: '' } },
    { context: { targetingKey: null, country: 'CA' } },
  ]

  it('gives the winner, and says of a draft that it is disabled', async () => {
    await startExperiment(service, { key: 'over', ...nearly(['x', 'y']) })
    await move('stop', { winner: 'b' }, 'over')
    await service.call('POST', '/experiments', emailDefinition({ key: 'draft', ...nearly(['x', 'y']) }))
    const before = await bookOf(service)
    for (const body of NOBODY) {
      const winner = await evaluate('over', body)
      expect(winner.status, winner.text).toBe(200)
      expect(winner.body).toMatchObject({ key: 'over', value: 'y', reason: 'STATIC', variant: 'b' })
      expect(winner.text).toBe((await evaluate('over')).text)
      const draft = await evaluate('draft', body)
      expect(draft.body).toMatchObject({ key: 'draft', reason: 'DISABLED', variant: 'a' })
      expect(draft.body).not.toHaveProperty('value')
    }
    expect(await bookOf(service)).toEqual(before)
  })

  it('is refused where an arm would be drawn or looked for', async () => {
    for (const [key, verb] of [
      ['running', null],
      ['paused', 'pause'],
      ['stopped', 'stop'],
    ] as const) {
      await startExperiment(service, { key })
      if (verb !== null) await move(verb, undefined, key)
      for (const body of NOBODY) {
        expectBothShapes(await evaluate(key, body), 400, 'invalid_request', 'TARGETING_KEY_MISSING', key)
      }
    }
  })

  it('is refused for a key that is none, also by a winner', async () => {
    await startExperiment(service)
    await move('stop', { winner: 'mens' })
    const body = { context: { targetingKey: 1.5 } }
    expectBothShapes(await evaluate('spring-email', body), 400, 'invalid_request', 'INVALID_CONTEXT', 'spring-email')
  })

  it('of all experiments gives the winners, and names those that need one', async () => {
    await startExperiment(service, { key: 'running' })
    for (const body of NOBODY) {
      expectBothShapes(await evaluateAll(body), 400, 'invalid_request', 'TARGETING_KEY_MISSING')
    }
    await startExperiment(service, { key: 'over', ...nearly(['x', 'y']) })
    await move('stop', { winner: 'b' }, 'over')
    const before = await bookOf(service)
    const { status, body } = await evaluateAll({})
    expect(status).toBe(200)
    expect(body.flags).toMatchObject([
      { key: 'running', errorCode: 'TARGETING_KEY_MISSING', errorDetails: expect.stringContaining('targetingKey') },
      { key: 'over', value: 'y', reason: 'STATIC', variant: 'b' },
    ])
    const wanted = await evaluateAll({ context: { pinwheelExperiments: ['over'] } })
    expect(wanted.body.flags).toMatchObject([{ key: 'over', reason: 'STATIC' }])
    expect(await bookOf(service)).toEqual(before)
  })
})

describe('a key', () => {
  it('is held to its scope and its rate, in both shapes', async () => {
    await startExperiment(service)
    const path = `${FLAGS}/spring-email`
    const reader = bearer(await giveKey(service, { name: 'reader', scopes: ['read'] }))
    expectBothShapes(await service.call('POST', path, {}, reader), 403, 'forbidden', 'GENERAL', 'spring-email')
    const slow = bearer(await giveKey(service, { name: 'slow', rate: '1/m' }))
    expect((await service.call('POST', path, forUnit('u'), slow)).status).toBe(200)
    const refused = await service.call('POST', path, forUnit('u'), slow)
    expectBothShapes(refused, 429, 'rate_limited', 'GENERAL', 'spring-email')
    expect(refused.headers.get('retry-after')).toBe('60')
  })
})

describe('POST /ofrep/v1/evaluate/flags', () => {
  it('answers every experiment but drafts, each as it is answered alone', async () => {
    await startExperiment(service, { key: 'one' })
    await startExperiment(service, { key: 'two', ...nearly([1, 2]) })
    await startExperiment(service, { key: 'paused' })
    await move('pause', undefined, 'paused')
    await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
    const { status, body, headers } = await evaluateAll()
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('private, no-cache')
    expect(headers.get('vary')).toContain('Authorization')
    const keys = ['one', 'two', 'paused']
    expect(body.flags.map(({ key }: { key: string }) => key)).toEqual(keys)
    const alone = await Promise.all(keys.map(async key => (await evaluate(key)).body))
    expect(body.flags).toEqual(alone)
  })

  it('answers 304 while the unit keeps its arms, and to nobody else', async () => {
    await startExperiment(service)
    const first = await evaluateAll()
    const etag = first.headers.get('etag') as string
    expect(etag).toMatch(/^"[\w-]+"$/)
    const again = await evaluateAll(forUnit('u-17'), etag)
    expect(again).toMatchObject({ status: 304, text: '' })
    expect(again.headers.get('etag')).toBe(etag)
    for (const tags of [`W/${etag}`, `"other", ${etag}`]) {
      expect((await evaluateAll(forUnit('u-17'), tags)).status).toBe(304)
    }
    expect((await evaluateAll(forUnit('u-18'), etag)).status).toBe(200)
    await move('pause')
    expect((await evaluateAll(forUnit('u-17'), etag)).status).toBe(200)
  })

  it('assigns the unit in the experiments that the context names, and in no other', async () => {
    await startExperiment(service, { key: 'one' })
    await startExperiment(service, { key: 'two' })
    const { body } = await evaluateAll(forUnit('u', { pinwheelExperiments: ['two', 'nothing'] }))
    expect(body.flags.map(({ key }: { key: string }) => key)).toEqual(['two'])
    expect((await service.call('POST', '/assign', { experiment: 'one', unit: 'u' })).body.reason).toBe('assigned')
    expect((await service.call('POST', '/assign', { experiment: 'two', unit: 'u' })).body.reason).toBe('kept')
    const wrong = await evaluateAll(forUnit('u', { pinwheelExperiments: 'two' }))
    expectBothShapes(wrong, 400, 'invalid_request', 'INVALID_CONTEXT')
  })

  it('names an experiment with lists among the others, and assigns nobody in it', async () => {
    await startExperiment(service, { key: 'lists', ...nearly([[1], [2]]) })
    await startExperiment(service, { key: 'other' })
    const { status, body } = await evaluateAll()
    expect(status).toBe(200)
    expect(body.flags[0]).toEqual({
      key: 'lists',
      errorCode: 'GENERAL',
      errorDetails: expect.stringContaining('lists'),
      metadata: {},
    })
    expect(body.flags[1]).toMatchObject({ key: 'other', reason: 'SPLIT' })
    expect((await service.call('POST', '/assign', { experiment: 'lists', unit: 'u-17' })).body.reason).toBe('assigned')
  })
})

describe('an experiment with features', () => {
  it('keeps the attributes that have a feature’s key, and tells nothing that moves', async () => {
    await startExperiment(service, CONTEXTUAL)
    const context = forUnit('u-17', { channel: 'web', recency: 'x', colour: 'c'.repeat(10_000) })
    const first = await evaluateAll(context)
    expect(Object.keys(first.body.flags[0].metadata)).toEqual([
      'experiment',
      'version',
      'policy',
      'propensity',
      'snapshot',
    ])
    const etag = first.headers.get('etag') ?? ''
    expect((await evaluateAll(forUnit('u-17', { channel: 'phone' }), etag)).status).toBe(304)
    const { text } = await service.call('GET', '/experiments/spring-email/assignments.ndjson')
    expect(JSON.parse(text).context).toEqual({ channel: 'web', recency: null, member: null, city: null })
    const metrics = await service.call('GET', '/metrics')
    expect(metrics.text).toMatch(/context_faults_total\{.*feature="recency",fault="not-a-number"\} 1/)
  })
})
