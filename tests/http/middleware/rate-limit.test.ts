import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf } from '../../support/book.ts'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeEach(async () => {
  service = await startService()
  await startExperiment(service)
})

afterEach(() => service.close())

const assign = (secret: string, unit = 'u') =>
  service.call('POST', '/assign', { experiment: 'spring-email', unit }, bearer(secret))

const batch = (secret: string, size: number) => {
  const units = Array.from({ length: size }, (_, unit) => `u${unit}`)
  return service.call('POST', '/assign/batch', { experiment: 'spring-email', units }, bearer(secret))
}

describe('a key with a rate', () => {
  it('is served as often as it says, then refused with the time to wait, then served again', async () => {
    const secret = await giveKey(service, { rate: '3/m' })
    for (const left of [2, 1, 0]) {
      const { status, headers } = await assign(secret)
      expect(status).toBe(200)
      expect(headers.get('ratelimit-policy')).toBe('"key";q=3;w=60')
      expect(headers.get('ratelimit')).toBe(`"key";r=${left};t=20`)
      expect(headers.get('retry-after')).toBeNull()
    }
    const before = await bookOf(service)
    const refused = await assign(secret, 'another')
    expectProblem(refused, 429, 'rate_limited')
    expect(refused.headers.get('retry-after')).toBe('20')
    expect(refused.headers.get('ratelimit')).toBe('"key";r=0;t=20')
    expect(refused.headers.get('ratelimit-policy')).toBe('"key";q=3;w=60')
    expect(await bookOf(service)).toEqual(before)
    service.now += 19_999
    expect((await assign(secret)).headers.get('retry-after')).toBe('1')
    service.now += 1
    expect((await assign(secret)).status).toBe(200)
    expect((await assign(secret)).status).toBe(429)
  })

  it('shares it among all routes, and takes nothing of another key', async () => {
    const secret = await giveKey(service, { rate: '2/h', scopes: ['assign', 'read'] })
    const other = await giveKey(service, { name: 'other', rate: '2/h' })
    expect((await service.call('GET', '/experiments', undefined, bearer(secret))).status).toBe(200)
    expect((await assign(secret)).status).toBe(200)
    expectProblem(await service.call('GET', '/experiments', undefined, bearer(secret)), 429, 'rate_limited')
    expect((await assign(other)).status).toBe(200)
  })

  it('pays for every unit of a batch, on credit where it must be', async () => {
    const secret = await giveKey(service, { rate: '10/s' })
    expect((await batch(secret, 100)).body.assignments).toHaveLength(100)
    const refused = await assign(secret)
    expectProblem(refused, 429, 'rate_limited')
    // 100 tokens are gone of 10: 9.1 s until there is one.
    expect(refused.headers.get('retry-after')).toBe('10')
    service.now += 9_100
    expect((await assign(secret)).status).toBe(200)
  })

  it('pays for every event of a list', async () => {
    const secret = await giveKey(service, { rate: '10/s' })
    const events = Array.from({ length: 30 }, () => ({ unit: 'u', metric: 'visit' }))
    expect((await service.call('POST', '/rewards', events, bearer(secret))).status).toBe(200)
    expect((await assign(secret)).headers.get('retry-after')).toBe('3')
  })

  it('is not charged for the units of a batch that is refused', async () => {
    const secret = await giveKey(service, { rate: '10/h' })
    const units = Array.from({ length: 50 }, () => '')
    const wrong = await service.call('POST', '/assign/batch', { experiment: 'spring-email', units }, bearer(secret))
    expect(wrong.status).toBe(400)
    expect((await assign(secret)).headers.get('ratelimit')).toMatch(/r=8;/)
  })

  it('reads a stream as fast as the rate allows, and takes all of it', async () => {
    const secret = await giveKey(service, { rate: '5000/s' })
    await batch(secret, 1)
    const lines = Array.from({ length: 1_500 }, () => '{"unit":"u0","metric":"visit"}').join('\n')
    const post = async (name: string, key: string) => {
      const startedAt = performance.now()
      const type = { 'content-type': 'application/x-ndjson' }
      const { body } = await service.call('POST', '/rewards', Buffer.from(lines), { ...type, ...bearer(key) })
      expect(body.recorded, name).toBe(1_500)
      return performance.now() - startedAt
    }
    // The clock of the service stands still, so nothing comes in: the last 501 events are half a
    // second of credit.
    const slow = await giveKey(service, { name: 'slow', rate: '1000/s' })
    const slowMs = await post('slow', slow)
    expect(slowMs).toBeGreaterThanOrEqual(490)
    expect(await post('fast', secret)).toBeLessThan(slowMs)
  })

  it('goes on with what it has left when the keys are read again', async () => {
    const secret = await giveKey(service, { rate: '1/h' })
    expect((await assign(secret)).status).toBe(200)
    await giveKey(service, { name: 'other' })
    expect((await assign(secret)).status).toBe(429)
  })
})

describe('a rate for all keys', () => {
  it('holds for keys without their own, and never for the key of the environment', async () => {
    const limited = await startService({ adminKey: 'correct-horse-battery-staple', rate: '1/h' })
    const list = async (secret: string) => (await limited.call('GET', '/experiments', undefined, bearer(secret))).status
    const [plain, own] = [
      await giveKey(limited, { name: 'plain', scopes: ['read'] }),
      await giveKey(limited, { name: 'own', scopes: ['read'], rate: '2/h' }),
    ]
    expect([await list(plain), await list(plain)]).toEqual([200, 429])
    expect([await list(own), await list(own), await list(own)]).toEqual([200, 200, 429])
    for (let times = 0; times < 5; times++) expect(await list('correct-horse-battery-staple')).toBe(200)
    await limited.close()
  })
})
