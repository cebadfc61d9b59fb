import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bookOf } from '../../support/book.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, type Service, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const BEARER = { authorization: `Bearer ${KEY}` }
const basic = (credentials: string) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})

let service: Service
let before: Awaited<ReturnType<typeof bookOf>>

beforeAll(async () => {
  service = await startService({ adminKey: KEY })
  const created = await service.call('POST', '/experiments', emailDefinition(), BEARER)
  expect(created.status, created.text).toBe(201)
  expect((await service.call('POST', '/experiments/spring-email/start', undefined, BEARER)).status).toBe(200)
  before = await bookOf(service)
})

afterAll(() => service.close())

const ASSIGN = { experiment: 'spring-email', unit: 'u' }
const BATCH = { experiment: 'spring-email', units: ['u'] }
const REWARD = { unit: 'u', metric: 'visit' }
const TRACK = { event: 'visit', userId: 'u' }

/** Every address that needs a key, with a body that would do something. */
const LOCKED: [method: string, path: string, body?: unknown][] = [
  ['POST', '/assign', ASSIGN],
  ['POST', '/assign/batch', BATCH],
  ['POST', '/rewards', REWARD],
  ['POST', '/rewards', [REWARD]],
  ['POST', '/ofrep/v1/evaluate/flags', { context: { targetingKey: 'u' } }],
  ['POST', '/ofrep/v1/evaluate/flags/spring-email', { context: { targetingKey: 'u' } }],
  ['POST', '/v1/track', TRACK],
  ['POST', '/v1/batch', { batch: [{ type: 'track', ...TRACK }] }],
  ['POST', '/v1/identify', { userId: 'u' }],
  ['POST', '/v1/events', {}],
  ['GET', '/experiments'],
  ['POST', '/experiments', emailDefinition({ key: 'other' })],
  ['GET', '/experiments/spring-email'],
  ['PUT', '/experiments/spring-email', emailDefinition({ description: 'changed' })],
  ['PUT', '/experiments/other', emailDefinition({ key: 'other' })],
  ['POST', '/experiments/spring-email/pause'],
  ['POST', '/experiments/spring-email/stop', { winner: 'mens' }],
  ['POST', '/experiments/spring-email/start'],
  ['GET', '/experiments/spring-email/history'],
  ['POST', '/experiments/spring-email/evaluate', { arm: 'mens' }],
  ['GET', '/experiments/spring-email/snapshots'],
  ['GET', '/experiments/spring-email/report'],
  ['GET', '/experiments/spring-email/report.json'],
  ['GET', '/experiments/spring-email/report.txt'],
  ['GET', '/experiments/spring-email/assignments.ndjson'],
  ['GET', '/experiments/spring-email/assignments.csv'],
]

describe.each(LOCKED)('%s %s with a key configured', (method, path, body) => {
  it.each<[name: string, headers: Record<string, string>]>([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer wrong' }],
    ['a part of the key', { authorization: `Bearer ${KEY.slice(0, -1)}` }],
    ['the key and more', { authorization: `Bearer ${KEY}x` }],
    ['the key in capitals', { authorization: `Bearer ${KEY.toUpperCase()}` }],
    ['an empty key', { authorization: 'Bearer ' }],
    ['no scheme', { authorization: KEY }],
    ['another scheme', { authorization: `Digest ${KEY}` }],
    ['the key as the password', basic(`admin:${KEY}`)],
    ['a wrong user', basic('wrong:')],
    ['no user', basic(':')],
    ['what is not base64', { authorization: `Basic ${KEY}` }],
    ['a wrong X-API-Key', { 'x-api-key': 'wrong' }],
    ['an empty X-API-Key', { 'x-api-key': '' }],
    ['the key in a cookie', { cookie: `key=${KEY}` }],
  ])('is refused: %s', async (_name, headers) => {
    const answer = await service.call(method, path, body, headers)
    expectProblem(answer, 401, 'unauthorized')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(answer.text).not.toContain(KEY)
    expect(await bookOf(service)).toEqual(before)
  })

  it('is refused before anything is said of what is asked', async () => {
    const missing = path.replace('spring-email', 'nobody')
    expectProblem(await service.call(method, missing, body), 401, 'unauthorized')
    if (method !== 'GET') expectProblem(await service.call(method, path, Buffer.from('{')), 401, 'unauthorized')
    expectProblem(await service.call(method, `${path}?key=${KEY}`, body), 401, 'unauthorized')
  })
})

describe('the right key', () => {
  it.each<[name: string, headers: Record<string, string>]>([
    ['Authorization: Bearer', BEARER],
    ['a scheme in small letters', { authorization: `bearer ${KEY}` }],
    ['blanks', { authorization: `Bearer   ${KEY}` }],
    ['X-API-Key', { 'x-api-key': KEY }],
    ['the user of Basic authentication', basic(`${KEY}:`)],
    ['such a user alone', basic(KEY)],
  ])('opens every address: %s', async (_name, headers) => {
    for (const path of [
      '',
      '/spring-email',
      '/spring-email/history',
      '/spring-email/report',
      '/spring-email/snapshots',
    ]) {
      expect((await service.call('GET', `/experiments${path}`, undefined, headers)).status, path).toBe(200)
    }
    expect((await service.call('POST', '/assign', ASSIGN, headers)).status).toBe(200)
    expect((await service.call('POST', '/assign/batch', BATCH, headers)).status).toBe(200)
    expect((await service.call('POST', '/rewards', REWARD, headers)).status).toBe(200)
    expect((await service.call('POST', '/rewards', 'unit=u&metric=visit', headers)).status).toBe(200)
  })

  it('shows the salt to who may administrate', async () => {
    const { body } = await service.call('GET', '/experiments/spring-email', undefined, BEARER)
    expect(body.salt).toEqual(expect.any(String))
    const { body: list } = await service.call('GET', '/experiments', undefined, BEARER)
    expect(list.experiments[0].salt).toBe(body.salt)
  })

  it('is told in the history by its name, and never shown', async () => {
    const answer = await service.call('GET', '/experiments/spring-email/history', undefined, BEARER)
    const actors = answer.body.history.map(({ actor }: { actor: string }) => actor)
    expect(new Set(actors)).toEqual(new Set(['admin']))
    expect(answer.text).not.toContain(KEY)
  })
})

describe('without a key', () => {
  it.each(['/livez', '/readyz', '/version'])('%s is open to all', async path => {
    expect((await service.call('GET', path)).status).toBe(200)
  })

  it('what is not there is not there', async () => {
    expectProblem(await service.call('GET', '/nothing'), 404, 'not_found')
    expectProblem(await service.call('DELETE', '/experiments'), 405, 'method_not_allowed')
  })
})

describe('a service without a key configured', () => {
  it('is open, whatever is sent, and calls everybody anonymous', async () => {
    const open = await startService()
    const answer = await open.call('POST', '/experiments', emailDefinition(), { authorization: 'Bearer whatever' })
    expect(answer.status).toBe(201)
    expect(answer.body.salt).toEqual(expect.any(String))
    const { body } = await open.call('GET', '/experiments/spring-email/history')
    expect(body.history[0].actor).toBe('anonymous')
    await open.close()
  })
})
