// Every answer that the document promises is provoked once, from a real service, and is as it was
// promised.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCOPES } from '../../src/access/key.ts'
import { UNMEASURED_TYPES } from '../../src/http/events/segment-events.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import type { Store } from '../../src/store/port.ts'
import { faultyStore } from '../support/faulty-store.ts'
import type { Answer } from '../support/http/answer.ts'
import { CONTEXTUAL } from '../support/http/contexts.ts'
import { Interface, type PromisedOperation } from '../support/http/interface.ts'
import { bearer, giveKey } from '../support/http/keys.ts'
import { RawConnection, requestHead } from '../support/http/raw-http.ts'
import { emailDefinition, type Service, startService } from '../support/http/service.ts'

const UNIT = { context: { targetingKey: 'u-17' } }
const TRACK = { event: 'visit', userId: 'u-17' }
/** In the binary mode. */
const CLOUD_EVENT = {
  'ce-specversion': '1.0',
  'ce-id': 'e',
  'ce-source': '/shop',
  'ce-type': 'visit',
  'ce-subject': 'u-17',
}

/** Probes, and what SDKs ask, which append parameters of their own. */
const TAKE_ANY_QUERY = /^\/(livez|readyz|metrics|v1\/.*)$/

const api = new Interface(openApiDocument())
const kept = new Set<string>()
const store = faultyStore()
const ADMIN_KEY = 'a key of some length'
/** While it is set, somebody else is always a moment earlier. */
/** What is computed reads when this resolves. */
let reading = Promise.resolve()
let isOvertaken = false
let service: Service
let locked: Service

beforeAll(async () => {
  service = await startService({ wrapStore: opened => overtaken(store.wrapStore(opened)) })
  locked = await startService({ adminKey: ADMIN_KEY })
  await send('POST', '/experiments', emailDefinition())
  await send('POST', '/experiments/spring-email/start')
})

afterAll(async () => {
  store.isDown = false
  await service.close()
  await locked.close()
})

function overtaken(opened: Store): Store {
  return new Proxy(opened, {
    get: (target, name: keyof Store) => {
      if (isOvertaken && name === 'changeExperiment') return () => Promise.resolve(null)
      if (name === 'readReportFacts')
        return (...args: Parameters<Store['readReportFacts']>) => reading.then(() => target.readReportFacts(...args))
      if (name === 'readSize') return () => reading.then(() => target.readSize())
      return target[name]
    },
  })
}

/** Sends a request and holds the answer against the document. */
async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return note(method, path, await service.call(method, path, body, headers))
}

function note(method: string, path: string, answer: Answer): Answer {
  kept.add(api.kept(api.find(method, path), answer))
  return answer
}

/** An address of an operation that is there. */
function addressOf({ path }: PromisedOperation): string {
  return path.replace('{key}', 'spring-email').replace('{id}', 'wh_nobody')
}

const withBody = api.operations.filter(({ operation }) => operation.requestBody !== undefined)
const withKey = api.operations.filter(({ path }) => path.includes('{key}'))

describe('what the document promises', () => {
  it('is how the service answers', async () => {
    await send('GET', '/livez')
    await send('GET', '/metrics')
    const { id } = (await send('POST', '/webhooks', { url: 'https://example.com' })).body
    await send('GET', '/webhooks')
    await send('GET', `/webhooks/${id}`)
    await send('DELETE', `/webhooks/${id}`)
    await send('GET', `/webhooks/${id}`)
    await send('DELETE', `/webhooks/${id}`)
    await send('GET', '/readyz')
    await send('GET', '/version')
    await send('GET', '/openapi.json')
    await send('GET', '/schemas/experiment.json')
    await send('GET', '/experiments')
    await send('GET', '/experiments/spring-email')
    await send('PUT', '/experiments/other', emailDefinition({ key: 'other' }))
    await send('PUT', '/experiments/other', emailDefinition({ key: 'other', policy: { type: 'uniform' } }))
    const weights = { control: 0.5, mens: 0.25, womens: 0.25 }
    await send('PUT', '/experiments/other', emailDefinition({ key: 'other', policy: { type: 'fixed', weights } }))
    await send('PUT', '/experiments/featured', emailDefinition({ key: 'featured', ...CONTEXTUAL }))
    await send('POST', '/experiments/featured/context', { context: { channel: 'web' } })
    await send('POST', '/experiments/featured/start')
    await send('POST', '/experiments/featured/context', { context: { channel: 'web' } })
    await send('POST', '/experiments/featured/context', { context: { channel: 'fax' } })
    await send('POST', '/assign', { experiment: 'featured', unit: 'u', context: { channel: 'fax' } })
    await send('GET', '/experiments/featured')
    await send('GET', '/experiments/featured/snapshots')
    await send('GET', '/experiments/featured/assignments.ndjson')
    await send('POST', '/experiments/other/plan', emailDefinition())
    await send('POST', '/experiments/new/plan', emailDefinition({ key: 'new' }))
    await send('POST', '/experiments/other/plan', emailDefinition({ key: 'other', alpha: 0.1 }))
    await send('GET', '/experiments/other/history')
    await send('POST', '/assign', { experiment: 'other', unit: 'u' })
    await send('POST', '/experiments/other/start')
    await send('POST', '/experiments/other/pause')
    await send('POST', '/experiments/other/stop', { winner: 'mens' })
    await send('POST', '/assign', { experiment: 'other', unit: 'u' })
  })

  it('is how arms, rewards and reports come', async () => {
    await send('POST', '/assign', 'experiment=spring-email&unit=u-17')
    await send('POST', '/assign/batch', { experiment: 'spring-email', units: ['u-17', 'u-18', 'u-19', 'u-20'] })
    await send('POST', '/rewards', 'unit=u-17&metric=visit&id=e')
    await send('POST', '/rewards', [
      { unit: 'u-17', metric: 'visit', id: 'e' },
      { unit: 'nobody', metric: 'visit' },
      { unit: 'u-17', metric: 'sales' },
    ])
    const lines = Buffer.from('{"unit": "u-18", "metric": "visit"}\n{"unit": 7}\nno JSON\n')
    await send('POST', '/rewards', lines, { 'content-type': 'application/x-ndjson' })
    await service.advance(5_000)
    await send('GET', '/experiments/spring-email/report')
    const faces = {
      json: 'application/json',
      txt: 'text/plain',
      csv: 'text/csv',
      html: 'text/html',
      svg: 'image/svg+xml',
    }
    for (const [face, accept] of Object.entries(faces)) {
      const address = `/experiments/spring-email/report.${face}`
      await send('GET', address)
      note('GET', address, await service.call('GET', '/experiments/spring-email/report', undefined, { accept }))
    }
    await send('GET', '/experiments/spring-email/snapshots')
    await send('GET', '/experiments/spring-email/assignments.ndjson')
    await send('GET', '/experiments/spring-email/assignments.csv')
    await send('POST', '/experiments/spring-email/evaluate', { arm: 'mens' })
    const design = {
      arms: [
        { key: 'a', rate: 0.1 },
        { key: 'b', rate: 0.2 },
      ],
      unitsPerDay: 200,
      days: 2,
      runs: 2,
    }
    await send('POST', '/simulate', design)
  })

  it('is how OpenFeature’s clients and event SDKs are answered', async () => {
    await send('POST', '/ofrep/v1/evaluate/flags/spring-email', UNIT)
    await send('POST', '/ofrep/v1/evaluate/flags/other', UNIT)
    const { headers } = await send('POST', '/ofrep/v1/evaluate/flags', UNIT)
    await send('POST', '/ofrep/v1/evaluate/flags', UNIT, { 'if-none-match': headers.get('etag') ?? '' })
    await send('POST', '/v1/batch', { batch: [{ type: 'track', ...TRACK }, { type: 'page' }] })
    await send('POST', '/v1/track', TRACK)
    await send('POST', '/v1/track', { event: 'visit' })
    for (const type of UNMEASURED_TYPES) await send('POST', `/v1/${type}`, {})
    await send('POST', '/v1/events', {}, CLOUD_EVENT)
  })

  it('is how a report looks that has guardrails, continuous metrics and retired arms', async () => {
    const metrics = [
      { key: 'spend', type: 'continuous', role: 'primary', range: [-5, 500] },
      { key: 'visit', type: 'binary', window: '1d' },
      { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 },
    ]
    const definition = emailDefinition({ key: 'rich', metrics })
    await send('POST', '/experiments', definition)
    await send('GET', '/experiments/rich/report')
    await send('POST', '/experiments/rich/start')
    const units = Array.from({ length: 60 }, (_, unit) => `u-${unit}`)
    await send('POST', '/assign/batch', { experiment: 'rich', units })
    await send(
      'POST',
      '/rewards',
      units.map((unit, value) => ({ unit, metric: 'spend', value, experiment: 'rich' })),
    )
    const arms = [{ key: 'control' }, { key: 'mens', retired: true }, { key: 'womens' }, { key: 'kids', payload: [1] }]
    await send('PUT', '/experiments/rich', { ...definition, arms })
    await service.advance(5_000)
    for (const metric of ['spend', 'visit', 'unsubscribe'])
      await send('GET', `/experiments/rich/report?metric=${metric}`)
    await send('GET', '/experiments/rich/history')
  })

  it('is how each refuses what it must', async () => {
    await send('POST', '/experiments', emailDefinition())
    await send('PUT', '/experiments/spring-email', emailDefinition({ alpha: 0.1 }))
    await send('POST', '/experiments/spring-email/plan', emailDefinition({ alpha: 0.1 }))
    await send('POST', '/experiments', emailDefinition({ key: 'draft' }))
    for (const verb of ['pause', 'stop']) await send('POST', `/experiments/draft/${verb}`)
    await send('POST', '/experiments/other/start')
    await send('POST', '/experiments/other/stop', { winner: 'nobody' })
    await send('GET', '/experiments/spring-email/report', undefined, { accept: 'image/png' })
    await send('GET', '/experiments/spring-email/snapshots?after=x')
    await send('POST', '/assign', { experiment: 'nobody', unit: 'u' })
    await send('POST', '/assign/batch', { experiment: 'nobody', units: ['u'] })
    await send('POST', '/rewards', { unit: 'u', metric: 'visit', experiment: 'nobody' })
    await send('POST', '/rewards', { unit: 'u', metric: 'sales' })
    await send('POST', '/experiments/spring-email/evaluate', { arm: 'mens', metric: 'sales' })
    for (const { method, path } of withKey.filter(({ operation }) => asks(operation, 'metric'))) {
      await send(method, `${path.replace('{key}', 'spring-email')}?metric=sales`)
    }
  })

  it('is how an unknown query is refused, or ignored', async () => {
    for (const operation of api.operations) {
      const { status, body } = await send(operation.method, `${addressOf(operation)}?colour=red`)
      const isRefused = status === 400 && body?.errors?.[0]?.path === '?colour'
      expect(isRefused, operation.id).toBe(!TAKE_ANY_QUERY.test(operation.path))
    }
  })

  it('is how bodies are refused', async () => {
    for (const operation of withBody) {
      const [method, address] = [operation.method, addressOf(operation)]
      const [type = ''] = Object.keys(operation.operation.requestBody.content)
      await send(method, address, Buffer.from('{'), { 'content-type': type })
      await send(method, address, Buffer.from('{"colour": "red"}'), { 'content-type': type })
      await send(method, address, Buffer.from('<a/>'), { 'content-type': 'text/xml; charset=latin1' })
      const connection = await RawConnection.open(service.url)
      await connection.send(requestHead(method, address, { 'Content-Length': 2 ** 30, 'Content-Type': type }))
      const answer = await connection.answer()
      note(method, address, { ...answer, body: JSON.parse(answer.text) })
      await connection.reset()
    }
  })

  it('is how a request without the header Host is refused', async () => {
    for (const operation of api.operations) {
      const [method, address] = [operation.method, addressOf(operation)]
      const connection = await RawConnection.open(service.url)
      await connection.send(`${method} ${address} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`)
      const answer = await connection.answer()
      note(method, address, { ...answer, body: JSON.parse(answer.text) })
      await connection.reset()
    }
  })

  it('is how an address that cannot be decoded is refused', async () => {
    for (const { method, path } of api.operations.filter(({ path }) => path.includes('{'))) {
      await send(method, path.replace(/\{\w+\}/, '%zz'))
    }
  })

  it('is how nobody is refused who asks for nothing that is there', async () => {
    for (const { method, path, operation } of withKey) {
      const body =
        operation.requestBody === undefined || /\/(start|pause|stop)$/.test(path) ? undefined : emailDefinition()
      await send(method, path.replace('{key}', 'nobody'), body)
    }
  })

  it('is how anyone who has no key is refused, wherever a scope is named, and nowhere else', async () => {
    for (const operation of api.operations) {
      const answer = await locked.call(operation.method, addressOf(operation))
      expect(answer.status === 401, operation.id).toBe(operation.scope !== null)
      note(operation.method, addressOf(operation), answer)
    }
  })

  it('is how a key is refused that lacks the scope, or has used up its rate', async () => {
    const operations = api.operations.filter(({ scope }) => scope !== null)
    for (const [position, operation] of operations.entries()) {
      const [{ method, scope }, address] = [operation, addressOf(operation)]
      const others = SCOPES.filter(other => other !== scope)
      const narrow = bearer(await giveKey(locked, { name: `narrow-${position}`, scopes: others }))
      note(method, address, await locked.call(method, address, undefined, narrow))
      const rare = bearer(await giveKey(locked, { name: `rare-${position}`, scopes: SCOPES, rate: '1/d' }))
      await locked.call('GET', '/experiments', undefined, rare)
      note(method, address, await locked.call(method, address, undefined, rare))
    }
  })

  it('is how a store that does not answer is told', async () => {
    await send('POST', '/experiments', emailDefinition({ key: 'paused' }))
    await send('POST', '/experiments/paused/start')
    store.isDown = true
    const bodies: Record<string, [path: string, body?: unknown, headers?: Record<string, string>]> = {
      createExperiment: ['/experiments', emailDefinition({ key: 'yet-another' })],
      putExperiment: ['/experiments/draft', emailDefinition({ key: 'draft', alpha: 0.1 })],
      startExperiment: ['/experiments/draft/start'],
      pauseExperiment: ['/experiments/paused/pause'],
      stopExperiment: ['/experiments/paused/stop'],
      recordRewards: ['/rewards', { unit: 'u-17', metric: 'visit' }],
      recordBatch: ['/v1/batch', { batch: [{ type: 'track', ...TRACK }] }],
      recordTrack: ['/v1/track', TRACK],
      recordCloudEvents: ['/v1/events', {}, CLOUD_EVENT],
      evaluateFlag: ['/ofrep/v1/evaluate/flags/spring-email', UNIT],
      evaluateFlags: ['/ofrep/v1/evaluate/flags', UNIT],
      createWebhook: ['/webhooks', { url: 'https://example.com' }],
      evaluate: ['/experiments/spring-email/evaluate', { arm: 'mens' }],
    }
    const canFail = ({ operation: { responses } }: PromisedOperation) =>
      responses[503] !== undefined || responses[500] !== undefined
    for (const operation of api.operations.filter(canFail)) {
      const [path, body, headers] = bodies[operation.id] ?? [addressOf(operation)]
      await send(operation.method, path, body, headers)
    }
    await send('POST', '/assign', { experiment: 'spring-email', unit: 'u-17' })
    store.isDown = false
  })

  it('is how a change is refused that others are always ahead of', async () => {
    const draft = emailDefinition({ key: 'busy' })
    await send('POST', '/experiments', draft)
    isOvertaken = true
    await send('PUT', '/experiments/busy', { ...draft, alpha: 0.1 })
    await send('POST', '/experiments/busy/start')
    isOvertaken = false
    await send('POST', '/experiments/busy/start')
    isOvertaken = true
    for (const verb of ['pause', 'stop']) await send('POST', `/experiments/busy/${verb}`)
    isOvertaken = false
  })

  it('is how a hot route refuses while too much is under way', async () => {
    const head = requestHead('POST', '/assign/batch', { 'Content-Length': 16 * 1024 * 1024 })
    const connections = await Promise.all(Array.from({ length: 16 }, () => RawConnection.open(service.url)))
    await Promise.all(connections.map(connection => connection.send(head)))
    await expect.poll(async () => (await service.call('POST', '/assign', {})).status).toBe(503)
    for (const operation of api.operations.filter(isHot)) await send('POST', addressOf(operation), {})
    await Promise.all(connections.map(connection => connection.reset()))
  })

  it('is how what takes long to compute is refused while too much of it waits', { timeout: 90_000 }, async () => {
    for (const operation of api.operations.filter(isComputed)) {
      const { method } = operation
      const path = addressOf(operation)
      const body = path === '/simulate' ? LONG_SIMULATION : { arm: 'control' }
      let release = () => {}
      reading = new Promise<void>(resolve => {
        release = resolve
      })
      // One is computed, and eight wait; elsewhere two and fifty.
      const count = path === '/simulate' ? 12 : 60
      const asked = Array.from({ length: count }, () =>
        service.call(method, path, method === 'POST' ? body : undefined),
      )
      note(method, path, await Promise.any(asked.map(refusedOnly)))
      release()
      await Promise.all(asked)
    }
  })

  it('was all provoked here', () => {
    const promised = api.operations.flatMap(operation => api.promises(operation))
    expect(promised.filter(promise => !kept.has(promise))).toEqual([])
    expect([...kept].filter(promise => !promised.includes(promise))).toEqual([])
  })
})

describe('Interface.kept()', () => {
  it('finds out an answer that is not as documented', async () => {
    const operation = api.find('GET', '/experiments/spring-email')
    const answer = await service.call('GET', '/experiments/spring-email')
    expect(api.kept(operation, answer)).toBe('getExperiment 200')
    for (const change of [{ more: 1 }, { status: 'gone' }, { version: '1' }, { startedAt: 5 }, { winner: undefined }]) {
      expect(() => api.kept(operation, { ...answer, body: { ...answer.body, ...change } })).toThrow('getExperiment')
    }
    expect(() => api.kept(operation, { ...answer, headers: new Headers({ 'content-type': 'text/html' }) })).toThrow()
  })
})

async function refusedOnly(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked
  if (answer.status !== 503) throw new Error(`It was answered ${answer.status}`)
  return answer
}

/** It refuses when too much is under way. */
function isHot(operation: PromisedOperation): boolean {
  return mayBeOverloaded(operation) && !isComputed(operation)
}

/** It takes long to compute. */
function isComputed(operation: PromisedOperation): boolean {
  return mayBeOverloaded(operation) && !/^\/(assign|rewards|v1|ofrep)\b/.test(addressOf(operation))
}

function mayBeOverloaded(operation: PromisedOperation): boolean {
  return api.promises(operation).some(promise => promise.endsWith(' overloaded'))
}

const LONG_SIMULATION = {
  arms: [
    { key: 'control', rate: 0.1 },
    { key: 'other', rate: 0.2 },
  ],
  unitsPerDay: 1_000,
  days: 1,
  runs: 1,
}

function asks({ parameters = [] }: PromisedOperation['operation'], name: string): boolean {
  return parameters.some((parameter: { name: string }) => parameter.name === name)
}
