// What goes wrong inside is told to the log, and to nobody else.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/port.ts'
import { expectProblem } from '../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../support/http/service.ts'

const INSIDE = 'SQLITE_ERROR: no such column: secret_column at /srv/pinwheel/src/store/open.ts:12:7'

let service: Service
let isBroken = false

beforeAll(async () => {
  service = await startService({ wrapStore })
  await startExperiment(service)
})

afterEach(() => {
  isBroken = false
})

afterAll(() => service.close())

/** Every sentence fails with what nobody has foreseen. */
function wrapStore(store: Store): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      if (!isBroken || name === 'close') return target[name]
      return () =>
        Promise.reject(Object.assign(new Error(INSIDE), { path: '/srv/pinwheel', sql: 'SELECT secret_column' }))
    },
  })
}

describe('a defect', () => {
  it.each<[method: string, path: string, body?: unknown]>([
    ['POST', '/assign', { experiment: 'spring-email', unit: 'new' }],
    ['POST', '/assign/batch', { experiment: 'spring-email', units: ['new'] }],
    ['POST', '/rewards', { unit: 'u', metric: 'visit' }],
    ['POST', '/rewards', [{ unit: 'u', metric: 'visit' }]],
    ['POST', '/experiments', emailDefinition({ key: 'other' })],
    ['PUT', '/experiments/spring-email', emailDefinition({ description: 'changed' })],
    ['POST', '/experiments/spring-email/pause'],
    ['GET', '/experiments/spring-email/history'],
    ['GET', '/experiments/spring-email/report'],
    ['GET', '/experiments/spring-email/report.html'],
    ['GET', '/experiments/spring-email/snapshots'],
    ['GET', '/experiments/spring-email/assignments.ndjson'],
    ['POST', '/experiments/spring-email/evaluate', { arm: 'mens' }],
    ['GET', '/readyz'],
  ])('shows nothing of itself: %s %s', async (method, path, body) => {
    isBroken = true
    const answer = await service.call(method, path, body)
    expectProblem(answer, 500, 'internal_error')
    const whole = answer.text + JSON.stringify([...answer.headers])
    expect(whole).not.toMatch(/secret_column|SQLITE|\/srv|open\.ts|(?<!Internal Server )Error/)
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'))
  })

  it('in the midst of a stream ends it without a word', async () => {
    const units = Array.from({ length: 2_000 }, (_, unit) => `u${unit}`)
    await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
    const response = await fetch(`${service.url}/experiments/spring-email/assignments.csv`)
    isBroken = true
    const text = await response.text().catch(() => '')
    expect(text).not.toMatch(/secret_column|SQLITE|\/srv|problem/)
  })
})
