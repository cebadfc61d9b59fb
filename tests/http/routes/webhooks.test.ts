import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { deliverMessages } from '../../../src/webhooks/deliver-messages.ts'
import { post } from '../../../src/webhooks/post.ts'
import { EVENT_TYPES, MAX_WEBHOOKS } from '../../../src/webhooks/webhook.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Receiver, startReceiver } from '../../support/http/receiver.ts'
import { type Service, type ServiceOptions, startExperiment, startService } from '../../support/http/service.ts'

let service: Service
let receiver: Receiver | null = null

afterEach(async () => {
  await service.close()
  await receiver?.close()
  receiver = null
})

const start = async (options: ServiceOptions = {}) => {
  service = await startService(options)
}
const create = (body: unknown, headers?: Record<string, string>) => service.call('POST', '/webhooks', body, headers)

describe('POST /webhooks', () => {
  it('makes a webhook for everything, with a secret that is shown once', async () => {
    await start()
    const { status, headers, body } = await create({ url: 'https://example.com/hooks' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/webhooks/${body.id}`)
    const { secret, ...shown } = body
    expect(shown).toEqual({
      id: expect.stringMatching(/^wh_[0-9a-f]{24}$/),
      url: 'https://example.com/hooks',
      events: EVENT_TYPES,
      experiment: null,
      createdAt: new Date(service.now).toISOString(),
      waiting: 0,
      failures: 0,
      nextAttemptAt: null,
      lastDeliveredAt: null,
      lastFailedAt: null,
      lastError: null,
      givenUp: 0,
    })
    expect(secret).toMatch(/^whsec_/)
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
    const again = await service.call('GET', `/webhooks/${body.id}`)
    expect(again.body).toEqual(shown)
    expect((await service.call('GET', '/webhooks')).body).toEqual({ webhooks: [shown] })
  })

  it('takes some events of one experiment, and a secret', async () => {
    await start()
    await startExperiment(service)
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const body = { url: 'https://example.com', events: ['verdict'], experiment: 'spring-email', secret }
    expect((await create(body)).body).toMatchObject(body)
  })

  it.each([24, 25, 26, 63, 64])('takes a secret of %i bytes', async bytes => {
    await start()
    const secret = `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    expect((await create({ url: 'https://example.com', secret })).status).toBe(201)
  })

  it.each([
    [{}, ['url']],
    [{ url: 7 }, ['url']],
    [{ url: 'example.com' }, ['url']],
    [{ url: 'http://169.254.169.254/latest/meta-data' }, ['url']],
    [{ url: 'https://example.com', events: [] }, ['events']],
    [{ url: 'https://example.com', events: ['all'] }, ['events[0]']],
    [{ url: 'https://example.com', secret: 'short' }, ['secret']],
    [{ url: 'https://example.com', secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, ['secret']],
    [{ url: 'https://example.com', secret: `whsec_${Buffer.alloc(65).toString('base64')}` }, ['secret']],
    [{ url: 'https://example.com', experiment: 'nobody' }, ['experiment']],
    [{ url: 'https://example.com', method: 'GET' }, ['method']],
    [{ url: 'ftp://x', events: ['all'], secret: 7, more: 1 }, ['events[0]', 'more', 'secret', 'url']],
  ])('refuses %j, naming %j', async (body, paths) => {
    await start()
    expect(expectProblem(await create(body), 400, 'invalid_request').sort()).toEqual(paths)
    expect((await service.call('GET', '/webhooks')).body.webhooks).toEqual([])
  })

  it.each([[null], [[]], ['text'], [7]])('refuses %j', async body => {
    await start()
    const answer = await create(new TextEncoder().encode(JSON.stringify(body)))
    expectProblem(answer, 400, 'invalid_request')
  })

  it('has an end', async () => {
    await start()
    for (let count = 0; count < MAX_WEBHOOKS; count++) await create({ url: 'https://example.com' })
    const answer = await create({ url: 'https://example.com' })
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toContain('delete one')
  })
})

describe('/webhooks/:id', () => {
  it('ends it with DELETE', async () => {
    await start()
    const { id } = (await create({ url: 'https://example.com' })).body
    const answer = await service.call('DELETE', `/webhooks/${id}`)
    expect([answer.status, answer.text]).toEqual([204, ''])
    for (const method of ['GET', 'DELETE']) {
      expectProblem(await service.call(method, `/webhooks/${id}`), 404, 'not_found')
    }
  })

  it('is for administrators', async () => {
    await start({ adminKey: 'an-admin-key-for-the-tests' })
    for (const [method, path] of [
      ['POST', '/webhooks'],
      ['GET', '/webhooks'],
      ['GET', '/webhooks/x'],
      ['DELETE', '/webhooks/x'],
    ] as const) {
      expectProblem(await service.call(method, path), 401, 'unauthorized')
    }
  })
})

it('tells a verdict to a receiver, which can verify it, and shows how it went', async () => {
  await start({ allowsPrivateTargets: true, now: Date.now() })
  receiver = await startReceiver()
  const { id, secret } = (await create({ url: receiver.url, events: ['verdict'] })).body
  await startExperiment(service)
  const units = Array.from({ length: 1_000 }, (_, unit) => `u${unit}`)
  const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body
  const mens = assignments.filter(({ arm }: { arm: string }) => arm === 'mens')
  await service.call(
    'POST',
    '/rewards',
    mens.map(({ unit }: { unit: string }) => ({ unit, metric: 'visit' })),
  )
  await service.look()

  let now = Date.now()
  const { store } = service
  const send = (url: string, headers: Readonly<Record<string, string>>, body: string) =>
    post(url, headers, body, { allowsPrivate: true })
  const deliver = () => deliverMessages({ store, send, now: () => now, chance: () => 0.5 })

  receiver.status = 500
  await deliver()
  const failing = (await service.call('GET', `/webhooks/${id}`)).body
  expect(failing).toMatchObject({ waiting: 1, failures: 1, lastError: 'The answer was 500' })
  expect(failing.nextAttemptAt).toBe(new Date(Date.parse(failing.lastFailedAt) + 5_000).toISOString())
  expect(failing).not.toHaveProperty('secret')

  receiver.status = 200
  now += 5_000
  await deliver()
  expect((await service.call('GET', `/webhooks/${id}`)).body).toMatchObject({
    waiting: 0,
    failures: 0,
    nextAttemptAt: null,
    lastDeliveredAt: new Date(now).toISOString(),
  })
  const [first, second] = receiver.received
  expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id'])
  expect(first?.body).toBe(second?.body)
  const verified = new Verifier(secret).verify(second?.body ?? '', second?.headers as Record<string, string>)
  expect(verified).toMatchObject({ type: 'verdict', data: { arm: 'mens', verdict: 'better' } })
})
