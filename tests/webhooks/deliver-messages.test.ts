import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DeliveryDeps, deliverMessages, GIVE_UP_MS, retryMs } from '../../src/webhooks/deliver-messages.ts'
import { NOON, type Service, startExperiment, startService } from '../support/http/service.ts'

const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, or so').toString('base64')}`
const MINUTE = 60_000

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly at: number
}

describe('deliverMessages()', () => {
  let service: Service
  let sent: Sent[]
  let isDown: boolean
  let now: number
  let announced: string | null

  beforeEach(async () => {
    service = await startService()
    await startExperiment(service)
    ;[sent, isDown, now, announced] = [[], false, NOON, null]
  })

  afterEach(() => service.close())

  const deps: () => DeliveryDeps = () => ({
    store: service.store,
    now: () => now,
    chance: () => 0.5,
    send: async (url, headers, body) => {
      sent.push({ url, headers, body, at: now })
      if (isDown) throw new Error('The answer was 503')
    },
  })

  const hook = (id: string) =>
    service.store.createWebhook({
      id,
      url: `https://example.com/${id}`,
      events: ['verdict'],
      experimentId: null,
      secret: SECRET,
      createdAt: NOON,
    })

  async function announce(id: string): Promise<void> {
    const { experiment } = service.catalogue.get('spring-email')
    const announcement = { subject: 'verdict/mens', state: id, at: now }
    await service.store.announce(experiment.id, announced, announcement, {
      id,
      type: 'verdict',
      body: `{"is":"${id}"}`,
    })
    announced = id
  }

  /** Delivers until there is nothing more to do at this instant. */
  async function deliverAll(): Promise<void> {
    while ((await deliverMessages(deps())).length > 0);
  }

  /** Lets time pass second by second, as the service does. */
  async function wait(ms: number): Promise<void> {
    for (const end = now + ms; now < end; now += 1_000) await deliverAll()
  }

  it('delivers in order, signed so that others can verify it', async () => {
    await hook('wh_1')
    for (const id of ['m1', 'm2', 'm3']) await announce(id)
    now = Date.now()
    await deliverAll()
    expect(sent.map(({ body }) => JSON.parse(body))).toEqual([{ is: 'm1' }, { is: 'm2' }, { is: 'm3' }])
    for (const { headers, body } of sent) {
      expect(new Verifier(SECRET).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Verifier(SECRET).verify(`${body} `, headers)).toThrow()
      expect(() => new Verifier(SECRET).verify(body, { ...headers, 'webhook-id': 'other' })).toThrow()
    }
    expect((await service.store.findWebhooks())[0]).toMatchObject({ waiting: 0, lastDeliveredAt: now })
  })

  it('loses nothing while the receiver is down for a minute, and sends the same id again', async () => {
    await hook('wh_1')
    isDown = true
    await announce('m1')
    await wait(MINUTE / 2)
    await announce('m2')
    await wait(MINUTE / 2)
    const failed = sent.length
    // After 5, 10 and 20 seconds: few enough to be kind, and in order, so that none overtakes.
    expect(sent.map(({ headers, at }) => [headers['webhook-id'], at - NOON])).toEqual([
      ['m1', 0],
      ['m1', 5_000],
      ['m1', 15_000],
      ['m1', 35_000],
    ])
    isDown = false
    await wait(MINUTE)
    expect(sent.slice(failed).map(({ headers }) => headers['webhook-id'])).toEqual(['m1', 'm2'])
    expect(new Set(sent.filter(({ headers }) => headers['webhook-id'] === 'm1').map(({ body }) => body)).size).toBe(1)
    expect((await service.store.findWebhooks())[0]).toMatchObject({ waiting: 0, failures: 0, givenUp: 0 })
  })

  it('continues its queue after a restart', async () => {
    await hook('wh_1')
    isDown = true
    await announce('m1')
    await deliverAll()
    service = await service.restart()
    isDown = false
    await deliverAll()
    expect(sent).toHaveLength(1)
    now += 5_000
    await deliverAll()
    expect(sent).toHaveLength(2)
  })

  it('sends again what was under way when the service was killed', async () => {
    await hook('wh_1')
    await announce('m1')
    void deliverMessages({ ...deps(), send: () => new Promise(() => {}) })
    await expect.poll(async () => (await service.store.findDueMessages(now, 1)).length).toBe(0)
    now += MINUTE
    await deliverAll()
    expect(sent.map(({ headers }) => headers['webhook-id'])).toEqual(['m1'])
  })

  it('does not let one receiver that is down hold up another', async () => {
    await hook('wh_1')
    await hook('wh_2')
    for (const id of ['m1', 'm2']) await announce(id)
    const down = deps()
    const send: DeliveryDeps['send'] = async (url, ...rest) => {
      await down.send(url, ...rest)
      if (url.endsWith('wh_1')) throw new Error('The answer was 500')
    }
    while ((await deliverMessages({ ...down, send })).length > 0);
    expect(sent.map(({ url, headers }) => [url.slice(-4), headers['webhook-id']])).toEqual([
      ['wh_1', 'm1'],
      ['wh_2', 'm1'],
      ['wh_2', 'm2'],
    ])
  })

  it('drops and counts messages after three days, and delivers younger ones', async () => {
    await hook('wh_1')
    isDown = true
    await announce('old')
    await deliverAll()
    now += GIVE_UP_MS - 2_000_000
    await announce('young')
    await deliverAll()
    now += 4_000_000
    await deliverAll()
    expect((await service.store.findWebhooks())[0]).toMatchObject({
      waiting: 1,
      givenUp: 1,
      lastError: 'The answer was 503',
      failures: 3,
    })
    isDown = false
    now += 2 * 3_600_000
    await deliverAll()
    expect(sent.at(-1)?.headers['webhook-id']).toBe('young')
    expect((await service.store.findWebhooks())[0]).toMatchObject({ waiting: 0, givenUp: 1, failures: 0 })
  })

  it('has one of two services deliver a message', async () => {
    await hook('wh_1')
    await announce('m1')
    const both = await Promise.all([deliverMessages(deps()), deliverMessages(deps())])
    expect(both.flat()).toHaveLength(1)
    expect(sent).toHaveLength(1)
  })
})

describe('retryMs()', () => {
  it('doubles up to an hour, and scatters by half either way', () => {
    expect([0, 1, 2, 9, 10, 1_000].map(failures => retryMs(failures, 0.5))).toEqual([
      5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000,
    ])
    expect([retryMs(0, 0), retryMs(0, 0.999)]).toEqual([2_500, 7_495])
  })
})
