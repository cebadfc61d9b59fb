// The SDKs of Segment and RudderStack against the service, as a product would set them up: an
// address and a key. The service's clock is months away from theirs, as if theirs were wrong, so
// that a reward counts only where that is put right.
import RudderAnalytics from '@rudderstack/rudder-sdk-node'
import { Analytics } from '@segment/analytics-node'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectBalance } from '../support/book.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'

const store = faultyStore()
let service: Service
let spentBefore: number

beforeAll(async () => {
  service = await startService({ adminKey: KEY, wrapStore: store.wrapStore })
  const call = service.call
  service.call = (method, path, body, headers) => call(method, path, body, { 'x-api-key': KEY, ...headers })
  const metrics = [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'order-completed', type: 'continuous', range: [0, 1e6] },
  ]
  await startExperiment(service, { metrics })
  await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: ['segment', 'rudder'] })
  service.now += 60_000
})

beforeEach(async () => {
  spentBefore = await sumOf('order-completed')
})

afterAll(async () => {
  await expectBalance(service)
  await service.close()
})

async function sumOf(metric: string): Promise<number> {
  const { body } = await service.call('GET', `/experiments/spring-email/snapshots?metric=${metric}`)
  const tallies = body.snapshots.flatMap(({ tallies }: { tallies: object }) => Object.values(tallies))
  return tallies.reduce((sum: number, tally: { sum: number }) => sum + tally.sum, 0)
}

const spent = async () => (await sumOf('order-completed')) - spentBefore

describe('@segment/analytics-node', () => {
  const start = (writeKey: string) => {
    const analytics = new Analytics({ writeKey, host: service.url, maxRetries: 1 })
    const failures: unknown[] = []
    analytics.on('error', error => void failures.push(error))
    return { analytics, failures }
  }

  it('has its track calls counted, and all others taken', async () => {
    const { analytics, failures } = start(KEY)
    analytics.identify({ userId: 'segment', traits: { plan: 'pro' } })
    analytics.page({ userId: 'segment', name: 'Checkout' })
    analytics.track({ userId: 'segment', event: 'Checkout Started' })
    analytics.track({ anonymousId: 'segment', event: 'Visit' })
    analytics.track({ userId: 'segment', event: 'Order Completed', properties: { revenue: 19.9, currency: 'EUR' } })
    await analytics.flush({ close: true })
    expect(failures).toEqual([])
    expect(await sumOf('visit')).toBe(1)
    expect(await spent()).toBe(19.9)
  })

  it('sends again what the store could not keep, and it counts once', async () => {
    const { analytics, failures } = start(KEY)
    store.failsOn = 1
    analytics.track({ userId: 'segment', event: 'Order Completed', properties: { revenue: 5 } })
    await analytics.flush({ close: true })
    expect(failures).toEqual([])
    expect(store.failsOn).toBe(0)
    expect(await spent()).toBeCloseTo(5, 9)
  })

  it('is refused with a wrong key', async () => {
    const { analytics, failures } = start('not-the-right-key')
    analytics.track({ userId: 'segment', event: 'Order Completed' })
    await analytics.flush({ close: true })
    expect(failures).toMatchObject([{ code: 'delivery_failure' }])
    expect(await spent()).toBe(0)
  })
})

describe('@rudderstack/rudder-sdk-node', () => {
  it.each([
    ['compressed', true],
    ['as it is', false],
  ])('has its track calls counted: %s', async (_, gzip) => {
    const analytics = new RudderAnalytics(KEY, { dataPlaneUrl: service.url, gzip, flushAt: 100, logLevel: 'none' })
    analytics.identify({ userId: 'rudder' })
    analytics.track({ userId: 'rudder', event: 'Order Completed', properties: { value: 7 } })
    analytics.track({ anonymousId: 'rudder', event: 'Order Completed', properties: { revenue: 0.5 } })
    analytics.track({ userId: 'rudder', event: 'Checkout Started' })
    await analytics.flush()
    expect(await spent()).toBeCloseTo(7.5, 9)
  })
})
