import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const store = faultyStore()
let service: Service

beforeEach(async () => {
  store.isDown = false
  service = await startService({ wrapStore: store.wrapStore })
})

afterEach(async () => {
  store.isDown = false
  await service.close()
})

describe('GET /livez', () => {
  it('answers as long as the process does, whatever the store does', async () => {
    expect((await service.call('GET', '/livez')).status).toBe(200)
    store.isDown = true
    expect((await service.call('GET', '/livez')).status).toBe(200)
  })
})

describe('GET /readyz', () => {
  it('answers as long as the store does', async () => {
    expect((await service.call('GET', '/readyz')).status).toBe(200)
    store.isDown = true
    const answer = await service.call('GET', '/readyz')
    expectProblem(answer, 503, 'store_unavailable')
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    store.isDown = false
    expect((await service.call('GET', '/readyz')).status).toBe(200)
  })

  it('sees that the database is closed', async () => {
    await service.store.close()
    expectProblem(await service.call('GET', '/readyz'), 503, 'store_unavailable')
  })
})

describe('GET /version', () => {
  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    expect((await service.call('GET', '/version')).body).toEqual({ version })
  })
})

/** Every address with the methods that it has. */
const ADDRESSES: [path: string, methods: string[]][] = [
  ['/assign', ['POST']],
  ['/assign/batch', ['POST']],
  ['/rewards', ['POST']],
  ['/experiments', ['GET', 'HEAD', 'POST']],
  ['/experiments/spring-email', ['GET', 'HEAD', 'PUT']],
  ['/experiments/spring-email/plan', ['POST']],
  ['/experiments/spring-email/start', ['POST']],
  ['/experiments/spring-email/pause', ['POST']],
  ['/experiments/spring-email/stop', ['POST']],
  ['/experiments/spring-email/history', ['GET', 'HEAD']],
  ['/experiments/spring-email/evaluate', ['POST']],
  ['/experiments/spring-email/snapshots', ['GET', 'HEAD']],
  ['/experiments/spring-email/report', ['GET', 'HEAD']],
  ['/experiments/spring-email/report.json', ['GET', 'HEAD']],
  ['/experiments/spring-email/report.txt', ['GET', 'HEAD']],
  ['/experiments/spring-email/assignments.ndjson', ['GET', 'HEAD']],
  ['/experiments/spring-email/assignments.csv', ['GET', 'HEAD']],
  ['/openapi.json', ['GET', 'HEAD']],
  ['/docs', ['GET', 'HEAD']],
  ['/docs/swagger-ui-bundle.js', ['GET', 'HEAD']],
  ['/schemas/experiment.json', ['GET', 'HEAD']],
  ['/webhooks', ['GET', 'HEAD', 'POST']],
  ['/metrics', ['GET', 'HEAD']],
  ['/livez', ['GET', 'HEAD']],
  ['/readyz', ['GET', 'HEAD']],
  ['/version', ['GET', 'HEAD']],
]

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

describe.each(ADDRESSES)('%s', (path, methods) => {
  it(`has ${methods.join(', ')}; any other method is told so`, async () => {
    await startExperiment(service)
    const before = await bookOf(service)
    for (const method of METHODS.filter(each => !methods.includes(each))) {
      const body = method === 'GET' ? undefined : emailDefinition()
      const answer = await service.call(method, path, body)
      expectProblem(answer, 405, 'method_not_allowed')
      expect(allowedBy(answer)).toEqual(methods.toSorted())
    }
    const head = await service.call('HEAD', path)
    expect(head.status).toBe(methods.includes('HEAD') ? 200 : 405)
    expect(head.text).toBe('')
    if (head.status === 405) expect(allowedBy(head)).toEqual(methods.toSorted())
    expect(await bookOf(service)).toEqual(before)
  })
})

describe('HEAD', () => {
  it('has the head of GET, and no body', async () => {
    await startExperiment(service)
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    const read = ADDRESSES.filter(([, methods]) => methods.includes('HEAD')).map(([path]) => path)
    for (const path of [...read, '/experiments/nobody', '/nothing']) {
      const [get, head] = [await service.call('GET', path), await service.call('HEAD', path)]
      expect(head.status, path).toBe(get.status)
      expect(head.text).toBe('')
      expect(head.headers.get('content-type'), path).toBe(get.headers.get('content-type'))
      // The numbers of /metrics are others each time.
      if (get.status === 200 && get.headers.has('content-length') && path !== '/metrics') {
        expect(head.headers.get('content-length'), path).toBe(get.headers.get('content-length'))
      }
    }
  })
})

describe('an address that is not there', () => {
  it.each(METHODS)('is told so: %s', async method => {
    const answer = await service.call(method, '/nothing')
    expectProblem(answer, 404, 'not_found')
    expect(answer.body.detail).toContain('/nothing')
  })
})

describe('every answer', () => {
  it('tells nothing of what the service is made of', async () => {
    for (const path of ['/livez', '/nothing', '/experiments']) {
      const { headers } = await service.call('GET', path)
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('server')).toBeNull()
    }
  })

  it('is not kept by caches, refusals too', async () => {
    for (const path of ['/experiments', '/experiments/nobody', '/nothing']) {
      expect((await service.call('GET', path)).headers.get('cache-control')).toBe('no-store')
    }
  })

  it('grants no other origin anything', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const origin = { origin: 'https://example.com', 'access-control-request-method': 'POST' }
      const { headers } = await service.call(method, '/experiments', undefined, origin)
      for (const [name] of headers) expect(name).not.toMatch(/^access-control-/)
    }
  })

  it('has a requestId of its own when it refuses', async () => {
    const ids = new Set<string>()
    for (let times = 0; times < 5; times++) ids.add((await service.call('GET', '/nothing')).body.requestId)
    expect(ids.size).toBe(5)
  })
})

function allowedBy({ headers }: { headers: Headers }): string[] {
  return (headers.get('allow') ?? '').split(/, */).sort()
}
