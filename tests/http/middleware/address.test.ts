// Addresses in all their forms, sent by hand: fetch would tidy them up.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Context } from '../../../src/http/context.ts'
import { Metrics } from '../../../src/http/metrics/metrics.ts'
import { createProbeServer } from '../../../src/http/server.ts'
import { createLog } from '../../../src/server/log.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const FLAGS = '/ofrep/v1/evaluate/flags'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
  await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
})

afterAll(() => service.close())

async function ask(bytes: string) {
  const connection = await RawConnection.open(service.url)
  await connection.send(bytes)
  const { status, headers, text } = await connection.answer()
  await connection.reset()
  return { status, type: headers.get('content-type'), text, body: isJson(headers) ? JSON.parse(text) : null }
}

/** One that comes whole: in parts there are their sizes between them. */
function isJson(headers: Headers): boolean {
  return /json$|json;/.test(headers.get('content-type') ?? '') && headers.has('content-length')
}

/** The end of the connection is the end of an answer that comes in parts. */
const LAST = { Connection: 'close' }

const get = (target: string, headers: Record<string, string> = {}) =>
  ask(requestHead('GET', target, { ...LAST, ...headers }))

function post(target: string, body: unknown, headers: Record<string, string> = {}) {
  const text = JSON.stringify(body)
  const own = { ...LAST, 'Content-Type': 'application/json', 'Content-Length': text.length, ...headers }
  return ask(requestHead('POST', target, own) + text)
}

/** The forms of an address that mean the same. */
const formsOf = (path: string) => [
  path,
  `${path}/`,
  `${path}//`,
  `/${path}`,
  `${path.replaceAll('/', '//')}/`,
  `http://localhost${path}`,
  `HTTP://LOCALHOST:80${path}/`,
  `http://localhost/${path}`,
]

describe('an address', () => {
  const unit = { experiment: 'spring-email', unit: 'u' }
  const context = { context: { targetingKey: 'u' } }

  it.each<[path: string, body: unknown]>([
    ['/assign', unit],
    ['/assign/batch', { experiment: 'spring-email', units: ['u'] }],
    ['/rewards', { unit: 'u', metric: 'visit', id: 'e' }],
    ['/v1/batch', { batch: [] }],
    ['/v1/track', { event: 'other', userId: 'u' }],
    [FLAGS, context],
    [`${FLAGS}/spring-email`, context],
    [`${FLAGS}/draft`, {}],
    ['/experiments/spring-email/evaluate', { arm: 'mens' }],
    ['/experiments/spring-email/plan', emailDefinition()],
  ])('is the same in all its forms: POST %s', async (path, body) => {
    await post(path, body)
    const first = await post(path, body)
    expect(first.status).toBe(200)
    for (const form of formsOf(path)) expect(await post(form, body), form).toEqual(first)
  })

  it.each([
    '/experiments',
    '/experiments/spring-email',
    '/experiments/spring-email/history',
    '/experiments/spring-email/assignments.csv',
    '/docs',
    '/docs/show.js',
    '/version',
    '/livez',
    '/readyz',
    '/pages/draft',
    '/new',
  ])('is the same in all its forms: GET %s', async path => {
    const first = await get(path)
    expect(first.status).toBe(200)
    for (const form of formsOf(path)) expect(await get(form), form).toEqual(first)
  })

  it('is the same in all its forms: the list of experiments', async () => {
    const first = await get('/')
    expect(first.status).toBe(200)
    for (const form of ['//', '///', 'http://localhost', 'http://localhost/', 'http://localhost?x=1']) {
      expect(await get(form), form).toEqual(first)
    }
  })

  it.each(['/nothing', `${FLAGS}/nobody`, '/experiments/nobody', '/pages/nobody'])(
    'has the same answer in all its forms where nothing is there: %s',
    async path => {
      const { status, body } = await post(path, context)
      expect([404, 405]).toContain(status)
      for (const form of formsOf(path)) {
        const answer = await post(form, context)
        expect(answer.status, form).toBe(status)
        const { requestId: _one, ...told } = answer.body
        const { requestId: _other, ...first } = body
        expect(told, form).toEqual(first)
      }
    },
  )

  it('leaves slashes in a query and in an encoded key alone', async () => {
    const { body } = await get('/experiments/spring-email/report?metric=a//b/')
    expect(body.detail).toContain('no metric "a//b/"')
    expect((await get('/experiments/a%2F%2Fb')).body.detail).toContain('"a//b"')
  })

  it('is the same for probes on a port of their own', async () => {
    const context = {
      allowedOrigins: new Set<string>(),
      metrics: new Metrics(),
      log: createLog('silent'),
      now: Date.now,
    }
    const probes = createProbeServer(context as unknown as Context)
    await new Promise<void>(resolve => probes.listen(0, '127.0.0.1', resolve))
    const { port } = probes.address() as { port: number }
    const connection = await RawConnection.open(`http://127.0.0.1:${port}`)
    for (const [form, status] of [
      ['//livez/', 200],
      ['http://localhost/livez/?x=1', 200],
      ['//version/', 404],
    ] as const) {
      await connection.send(requestHead('GET', form))
      expect((await connection.answer()).status, form).toBe(status)
    }
    await connection.reset()
    await new Promise(resolve => probes.close(resolve))
  })
})

describe('a host', () => {
  const LIVEZ = 'GET /livez HTTP/1.1\r\n'

  it.each([
    ['two hosts', `${LIVEZ}Host: localhost\r\nHost: evil.example\r\n\r\n`],
    ['the same host twice', `${LIVEZ}Host: localhost\r\nhost: localhost\r\n\r\n`],
    ['two hosts in HTTP/1.0', 'GET /livez HTTP/1.0\r\nHost: localhost\r\nHOST: localhost\r\n\r\n'],
    [
      'two hosts of a preflight',
      'OPTIONS /assign HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: https://a\r\nAccess-Control-Request-Method: POST\r\n\r\n',
    ],
    ['two hosts of an expectation', `${LIVEZ}Host: a\r\nHost: b\r\nExpect: wonders\r\n\r\n`],
  ])('is refused where it is not certain: %s', async (_, bytes) => {
    const { status, body } = await ask(bytes)
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'invalid_request', detail: 'A request must have one header Host, not several' })
  })

  it.each([
    ['http://evil.example/livez', 'localhost'],
    ['http://evil.example/assign', 'localhost'],
    ['http://localhost:8080/livez', 'localhost'],
    ['http://localhost/livez', 'localhost:8080'],
    ['http://localhost.evil.example/livez', 'localhost'],
    ['http://localhost@evil.example/livez', 'localhost'],
    ['https://localhost/livez', 'localhost:80'],
    ['http://localhost/livez', ''],
    ['http://localhost/livez', 'a b'],
    ['//evil.example/livez', 'evil.example'],
  ])('is refused where a target names another one: %s, Host: %j', async (target, host) => {
    const { status, body } = await get(target, { Host: host })
    if (target.startsWith('//')) return expect(status).toBe(404)
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('the header Host another') })
  })

  it.each([
    ['http://localhost/livez', 'LocalHost:80'],
    ['http://localhost:80/livez', 'localhost'],
    ['https://localhost/livez', 'localhost:443'],
    ['http://[::1]:8080/livez', '[::1]:8080'],
  ])('may be named in the target too: %s, Host: %s', async (target, host) => {
    expect((await get(target, { Host: host })).status).toBe(200)
  })

  it('may be missing in HTTP/1.0, where the target says which is meant', async () => {
    expect((await ask('GET /livez HTTP/1.0\r\n\r\n')).status).toBe(200)
    expect((await ask('GET http://localhost/experiments HTTP/1.0\r\n\r\n')).status).toBe(200)
    // An open service answers as localhost only, however it is told the name.
    expect((await ask('GET http://evil.example/experiments HTTP/1.0\r\n\r\n')).status).toBe(403)
  })
})
