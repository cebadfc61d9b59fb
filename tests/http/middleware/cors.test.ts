import { afterEach, describe, expect, it } from 'vitest'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const SHOP = 'https://shop.example'
const APP = 'http://localhost:3000'
const EVIL = 'https://evil.example'

let service: Service

afterEach(() => service.close())

const preflight = (path: string, origin: string) =>
  service.call('OPTIONS', path, undefined, {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  })

/** Every kind of answer: hot and plain routes, a stream, what is open to all, what is not there. */
const PATHS = [
  '/assign',
  '/rewards',
  '/experiments',
  '/experiments/spring-email/report',
  '/experiments/spring-email/assignments.ndjson',
  '/livez',
  '/nothing',
]

describe('CORS with allowed origins', () => {
  it.each(PATHS)('answers the preflight of %s, which brings no key', async path => {
    service = await startService({ allowedOrigins: [SHOP, APP], adminKey: 'correct-horse-battery-staple' })
    for (const origin of [SHOP, APP]) {
      const { status, headers, text } = await preflight(path, origin)
      expect([status, text]).toEqual([204, ''])
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT')
      expect(headers.get('access-control-allow-headers')).toBe(
        'authorization, content-type, if-none-match, x-api-key, cache-control',
      )
      expect(headers.get('access-control-max-age')).toBe('600')
      expect(headers.get('vary')).toContain('Origin')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })

  it('lets pages of these origins read every answer, refusals too', async () => {
    service = await startService({ allowedOrigins: [SHOP] })
    await startExperiment(service)
    const secret = await giveKey(service, { scopes: ['assign', 'reward', 'read'] })
    for (const path of PATHS) {
      for (const key of [bearer(secret), {}]) {
        const { headers, status } = await service.call('GET', path, undefined, { ...key, origin: SHOP })
        expect(headers.get('access-control-allow-origin'), `${path} ${status}`).toBe(SHOP)
        expect(headers.get('access-control-expose-headers')).toBe(
          'ETag, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy',
        )
        expect(headers.get('vary')).toContain('Origin')
      }
    }
    const report = await service.call('GET', '/experiments/spring-email/report', undefined, {
      ...bearer(secret),
      origin: SHOP,
    })
    expect(report.headers.get('vary')).toBe('Origin, Accept')
  })

  it('grants other origins nothing, and tells caches that answers differ', async () => {
    service = await startService({ allowedOrigins: [SHOP], adminKey: 'correct-horse-battery-staple' })
    for (const origin of [EVIL, 'null', `${SHOP}:444`, `${SHOP}.evil.example`, SHOP.replace('https', 'http')]) {
      const refused = await preflight('/assign', origin)
      expectProblem(refused, 403, 'forbidden')
      expect(refused.body.detail).toBe(
        `Pages of ${origin} may not ask this service; ALLOWED_ORIGINS names those that may`,
      )
      for (const { headers } of [refused, await service.call('GET', '/livez', undefined, { origin })]) {
        for (const [name] of headers) expect(name).not.toMatch(/^access-control-/)
        expect(headers.get('vary')).toBe('Origin')
      }
    }
    expect((await service.call('GET', '/livez')).headers.get('vary')).toBe('Origin')
  })

  it('leaves an OPTIONS that is no preflight to the routes', async () => {
    service = await startService({ allowedOrigins: [SHOP] })
    expectProblem(await service.call('OPTIONS', '/assign', undefined, { origin: SHOP }), 405, 'method_not_allowed')
  })
})

describe('CORS without allowed origins', () => {
  it.each(PATHS)('refuses the preflight of %s, and names the setting', async path => {
    service = await startService({ adminKey: 'correct-horse-battery-staple' })
    const answer = await preflight(path, SHOP)
    expectProblem(answer, 403, 'forbidden')
    expect(answer.body.detail).toContain('ALLOWED_ORIGINS, which is not set')
    for (const [name] of answer.headers) expect(name).not.toMatch(/^access-control-/)
    expect(answer.headers.get('vary')).toBeNull()
  })

  it('leaves an OPTIONS that is no preflight to the routes', async () => {
    service = await startService()
    expectProblem(await service.call('OPTIONS', '/assign', undefined, { origin: SHOP }), 405, 'method_not_allowed')
  })
})

describe('CORS with *', () => {
  it('lets every page read, with a key and never with cookies', async () => {
    service = await startService({ allowedOrigins: ['*'] })
    await startExperiment(service)
    const secret = await giveKey(service, { kind: 'pk' })
    expect((await preflight('/assign', EVIL)).headers.get('access-control-allow-origin')).toBe('*')
    const body = { experiment: 'spring-email', unit: 'u' }
    const answer = await service.call('POST', '/assign', body, { ...bearer(secret), origin: EVIL })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })
})
