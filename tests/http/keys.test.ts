// What each key opens, and what it must not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { revokeKey, rotateKey } from '../../src/access/change-keys.ts'
import { SCOPES, type Scope } from '../../src/access/key.ts'
import { bookOf } from '../support/book.ts'
import { bearer, giveKey, secretOf } from '../support/http/keys.ts'
import { expectProblem } from '../support/http/problem.ts'
import { RawConnection, requestHead } from '../support/http/raw-http.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../support/http/service.ts'

const HOUR = 3_600_000
const SHOP = 'https://shop.example'
const ASSIGN = { experiment: 'spring-email', unit: 'u' }

let service: Service

beforeEach(async () => {
  service = await startService({ allowedOrigins: [SHOP] })
  await startExperiment(service)
})

afterEach(() => service.close())

const assign = (secret: string, headers: Record<string, string> = {}) =>
  service.call('POST', '/assign', ASSIGN, { ...bearer(secret), ...headers })

const REQUESTS: Readonly<Record<Scope, [method: string, path: string, body?: unknown][]>> = {
  assign: [
    ['POST', '/assign', ASSIGN],
    ['POST', '/assign/batch', { experiment: 'spring-email', units: ['u'] }],
  ],
  reward: [['POST', '/rewards', { unit: 'u', metric: 'visit' }]],
  read: [
    ['GET', '/experiments'],
    ['GET', '/experiments/spring-email'],
    ['GET', '/experiments/spring-email/history'],
    ['GET', '/experiments/spring-email/report'],
    ['GET', '/experiments/spring-email/snapshots'],
    ['GET', '/experiments/spring-email/assignments.csv'],
    ['POST', '/experiments/spring-email/evaluate', { arm: 'mens' }],
  ],
  admin: [
    ['PUT', '/experiments/spring-email', emailDefinition({ description: 'changed' })],
    ['POST', '/experiments/spring-email/pause'],
    ['POST', '/experiments/spring-email/start'],
  ],
}

describe('a key', () => {
  it.each(SCOPES)('with the scope %s opens what belongs to it, and nothing else', async scope => {
    const secret = await giveKey(service, { scopes: [scope] })
    const before = await bookOf(service)
    for (const other of SCOPES.filter(each => each !== scope)) {
      for (const [method, path, body] of REQUESTS[other]) {
        expectProblem(await service.call(method, path, body, bearer(secret)), 403, 'forbidden')
      }
    }
    expect(await bookOf(service)).toEqual(before)
    for (const [method, path, body] of REQUESTS[scope]) {
      expect((await service.call(method, path, body, bearer(secret))).status, path).toBe(200)
    }
  })

  it('that may read, and not change, does not see the salt', async () => {
    const reader = await giveKey(service, { name: 'reader', scopes: ['read'] })
    const owner = await giveKey(service, { name: 'owner', scopes: ['read', 'admin'] })
    for (const path of ['/experiments', '/experiments/spring-email']) {
      expect((await service.call('GET', path, undefined, bearer(reader))).text).not.toContain('salt')
      expect((await service.call('GET', path, undefined, bearer(owner))).text).toContain('salt')
    }
  })

  it('closes the service to anyone who has none', async () => {
    expect((await service.call('GET', '/experiments')).status).toBe(200)
    await giveKey(service)
    expectProblem(await service.call('GET', '/experiments'), 401, 'unauthorized')
    expect((await service.call('GET', '/livez')).status).toBe(200)
  })

  it('gives its name to the history: who, when, what was before and after', async () => {
    const secret = await giveKey(service, { name: 'ops', scopes: ['admin', 'read'] })
    const changed = emailDefinition({ description: 'changed' })
    await service.call('PUT', '/experiments/spring-email', changed, bearer(secret))
    const { body } = await service.call('GET', '/experiments/spring-email/history', undefined, bearer(secret))
    expect(body.history.at(0).changes).toContainEqual({ path: 'status', after: 'draft' })
    expect(body.history.at(-1)).toEqual({
      version: 3,
      at: new Date(service.now).toISOString(),
      actor: 'ops',
      action: 'changed',
      reason: null,
      changes: [{ path: 'description', before: '', after: 'changed' }],
    })
  })

  it('opens by X-API-Key as well', async () => {
    const secret = await giveKey(service)
    expect((await service.call('POST', '/assign', ASSIGN, { 'x-api-key': secret })).status).toBe(200)
  })
})

describe('what opens nothing', () => {
  it('a key that was cut off or mistyped, and it is told so', async () => {
    const secret = await giveKey(service)
    const mistyped = secret.slice(0, 20) + (secret[20] === 'x' ? 'y' : 'x') + secret.slice(21)
    for (const broken of [secret.slice(0, -1), `${secret}x`, mistyped]) {
      const answer = await assign(broken)
      expectProblem(answer, 401, 'unauthorized')
      expect(answer.body.detail).toContain('cut off or mistyped')
      expect(answer.text).not.toContain(broken)
    }
  })

  it('a key that was never made here', async () => {
    await giveKey(service)
    const answer = await assign(secretOf('sk'))
    expectProblem(answer, 401, 'unauthorized')
    expect(answer.body.detail).toContain('not known')
  })

  it('a key that has expired, from that very millisecond', async () => {
    const secret = await giveKey(service, { lifetimeMs: HOUR })
    service.now += HOUR - 1
    expect((await assign(secret)).status).toBe(200)
    service.now += 1
    const answer = await assign(secret)
    expectProblem(answer, 401, 'unauthorized')
    expect(answer.body.detail).toContain('has expired')
  })

  it('a key that was revoked; and once all are, nobody is let in, after a restart neither', async () => {
    const secret = await giveKey(service)
    await revokeKey(service, 'web', { actor: 'test', now: service.now })
    await service.keyring.reread(service.store, service.now)
    const answer = await assign(secret)
    expectProblem(answer, 401, 'unauthorized')
    expect(answer.body.detail).toContain('was revoked')
    service = await service.restart()
    expectProblem(await assign(secret), 401, 'unauthorized')
    expectProblem(await service.call('GET', '/experiments'), 401, 'unauthorized')
    expectProblem(await service.call('POST', '/assign', ASSIGN), 401, 'unauthorized')
  })

  it('the old key of a rotation, once the overlap is over', async () => {
    const old = await giveKey(service)
    const request = { actor: 'test', now: service.now, overlapMs: HOUR, newSecret: secretOf }
    const { secret } = await rotateKey(service, 'web', request)
    await service.keyring.reread(service.store, service.now)
    expect([(await assign(old)).status, (await assign(secret)).status]).toEqual([200, 200])
    service.now += HOUR
    expect([(await assign(old)).status, (await assign(secret)).status]).toEqual([401, 200])
  })

  it('the digest of a key, which is all that the database knows', async () => {
    const secret = await giveKey(service)
    const [key] = (await service.store.readKeys()).keys
    expectProblem(await assign(key?.digest as string), 401, 'unauthorized')
    expect((await assign(secret)).status).toBe(200)
  })
})

describe('a pk key', () => {
  it('asks from the pages that may, and from where there are no pages', async () => {
    const secret = await giveKey(service, { kind: 'pk' })
    expect((await assign(secret, { origin: SHOP })).status).toBe(200)
    expect((await assign(secret)).status).toBe(200)
  })

  it.each([
    'https://evil.example',
    'http://shop.example',
    'https://shop.example:8443',
    'https://shop.example.evil.example',
    'null',
  ])('is refused from a page of %s', async origin => {
    const secret = await giveKey(service, { kind: 'pk' })
    const before = await bookOf(service)
    expectProblem(await assign(secret, { origin }), 403, 'forbidden')
    expect(await bookOf(service)).toEqual(before)
  })

  it('has a rate though nobody gave it one; an sk key has none', async () => {
    const [page, server] = [await giveKey(service, { kind: 'pk' }), await giveKey(service, { name: 'server' })]
    expect((await assign(page)).headers.get('ratelimit-policy')).toBe('"key";q=100;w=1')
    expect((await assign(server)).headers.get('ratelimit-policy')).toBeNull()
  })
})

describe('a service without a key', () => {
  const list = (headers: Record<string, string>) => service.call('GET', '/experiments', undefined, headers)

  it.each<[who: string, headers: () => Record<string, string>]>([
    ['curl', () => ({})],
    ['its own page', () => ({ origin: service.url })],
    ['a page that may', () => ({ origin: SHOP })],
  ])('answers %s', async (_, headers) => {
    expect((await list(headers())).status).toBe(200)
  })

  it('refuses pages of other sites, which a browser on the same machine might be showing', async () => {
    const before = await bookOf(service)
    for (const origin of ['https://evil.example', 'null', service.url.replace(/:\d+$/, ':1')]) {
      expectProblem(
        await service.call('POST', '/assign', 'experiment=spring-email&unit=u', { origin }),
        403,
        'forbidden',
      )
      expectProblem(
        await service.call('POST', '/experiments/spring-email/stop', undefined, { origin }),
        403,
        'forbidden',
      )
    }
    expect(await bookOf(service)).toEqual(before)
  })

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8080', '10.0.0.1', '[::2]:80'])(
    'refuses to answer as %s, a name that somebody has pointed at this machine',
    async host => {
      const connection = await RawConnection.open(service.url)
      for (const headers of [{ Host: host }, { Host: host, Origin: `http://${host}` }]) {
        await connection.send(requestHead('GET', '/experiments', headers))
        expect(JSON.parse((await connection.answer()).text)).toMatchObject({ status: 403, code: 'forbidden' })
      }
      await connection.reset()
    },
  )

  it.each(['localhost', 'localhost:8080', '127.0.0.1:65535', '127.0.0.53', '[::1]:8080'])(
    'answers as %s',
    async host => {
      const connection = await RawConnection.open(service.url)
      await connection.send(requestHead('GET', '/experiments', { Host: host, Origin: `http://${host}` }))
      expect((await connection.answer()).status).toBe(200)
      await connection.reset()
    },
  )
})
