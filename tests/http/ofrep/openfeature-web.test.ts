// OpenFeature's SDK for browsers, in Node: it asks for everything at once, keeps it, and asks again
// with the ETag.
import { OFREPWebProvider, type OFREPWebProviderOptions } from '@openfeature/ofrep-web-provider'
import { type Client, OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { faultyStore } from '../../support/faulty-store.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const POLL_MS = 5
const ROUNDS = 100

const store = faultyStore()
let service: Service
let client: Client
let domains = 0
/** The statuses of all answers so far, in order. */
let statuses: number[]
let changes: unknown[]
let stales: number

beforeAll(async () => {
  service = await startService({ wrapStore: store.wrapStore })
  await startExperiment(service, { key: 'keys', arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }] })
  await startExperiment(service, {
    key: 'floats',
    arms: [
      { key: 'a', payload: 1 },
      { key: 'b', payload: 0.5 },
    ],
  })
  await startExperiment(service, { key: 'mixed' })
  await service.call('POST', '/experiments/mixed/pause')
})

beforeEach(async () => {
  statuses = []
  changes = []
  stales = 0
  const counting = async (...request: Parameters<typeof fetch>) => {
    const response = await fetch(...request)
    statuses.push(response.status)
    return response
  }
  // A domain of its own for each test, so that none hears another's events.
  const domain = `test-${++domains}`
  await OpenFeature.setContext({ targetingKey: 'u-17' })
  await OpenFeature.setProviderAndWait(domain, provider({ pollInterval: POLL_MS, fetchImplementation: counting }))
  client = OpenFeature.getClient(domain)
  client.addHandler(ProviderEvents.ConfigurationChanged, details => void changes.push(details?.flagsChanged))
  client.addHandler(ProviderEvents.Stale, () => void stales++)
})

afterEach(async () => {
  store.isDown = false
  await OpenFeature.clearProviders()
})

afterAll(async () => {
  await OpenFeature.close()
  await service.close()
})

function provider(options: Partial<OFREPWebProviderOptions>): Provider {
  // Its declaration does not know exactOptionalPropertyTypes.
  return new OFREPWebProvider({ baseUrl: service.url, ...options }) as Provider
}

/** Resolves when a request that was sent from now on has been answered. */
async function nextPoll() {
  const seen = statuses.length
  // The next answer may be to a request that left before.
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThanOrEqual(seen + 2), { interval: 1 })
}

describe('the web SDK', () => {
  it('reads every arm from what it got at once', async () => {
    expect(['control', 'mens', 'womens']).toContain(client.getStringValue('keys', 'none'))
    expect([1, 0.5]).toContain(client.getNumberValue('floats', 0))
    const { body } = await service.call('POST', '/assign', { experiment: 'keys', unit: 'u-17' })
    expect(client.getStringDetails('keys', 'none')).toMatchObject({
      value: body.arm,
      variant: body.arm,
      reason: 'SPLIT',
      flagMetadata: { propensity: body.propensity, snapshot: body.snapshot },
    })
    expect(client.getObjectDetails('mixed', { is: 'default' })).toMatchObject({
      value: { is: 'default' },
      variant: 'control',
      reason: 'DISABLED',
    })
    expect(client.getStringDetails('nothing', 'default')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
  })

  it(`keeps its arms over ${ROUNDS} refreshes of the policy, and hears of none`, async () => {
    const first = client.getStringDetails('keys', 'none')
    const before = service.catalogue.get('keys').snapshot
    let units = 0
    for (let round = 1; round <= ROUNDS; round++) {
      const grown = Math.max(20, Math.ceil(units * 1.03))
      const names = Array.from({ length: grown - units }, (_, unit) => `u-${round}-${unit}`)
      units = grown
      const { body } = await service.call('POST', '/assign/batch', { experiment: 'keys', units: names })
      const visits = body.assignments.filter(({ arm }: { arm: string }) => arm === 'mens')
      await service.call(
        'POST',
        '/rewards',
        visits.map(({ unit }: { unit: string }) => ({ unit, metric: 'visit' })),
      )
      await service.advance(1_000)
      if (round % 10 === 0) await nextPoll()
    }
    const after = service.catalogue.get('keys').snapshot
    expect(after?.number).toBe((before?.number ?? 0) + ROUNDS)
    expect(after?.propensities).not.toEqual(before?.propensities)
    expect(client.getStringDetails('keys', 'none')).toEqual(first)
    expect(statuses.shift()).toBe(200)
    expect(statuses.length).toBeGreaterThanOrEqual(2 * (ROUNDS / 10))
    expect(new Set(statuses)).toEqual(new Set([304]))
    expect(changes).toEqual([])
  })

  it('hears when an experiment is stopped with a winner', async () => {
    await service.call('POST', '/experiments/floats/stop', { winner: 'b' })
    await vi.waitFor(() => expect(changes).toEqual([['floats']]), { interval: 1 })
    expect(client.getNumberDetails('floats', 0)).toMatchObject({ value: 0.5, variant: 'b', reason: 'STATIC' })
  })

  it('keeps what it has while the store is down', async () => {
    const first = client.getStringDetails('keys', 'none')
    store.isDown = true
    await vi.waitFor(() => expect(stales).toBeGreaterThan(0), { interval: 1 })
    expect(statuses.at(-1)).toBe(500)
    expect(client.getStringDetails('keys', 'none')).toEqual(first)
    expect(changes).toEqual([])
  })

  it('gets the arms of another unit when the context changes', async () => {
    await OpenFeature.setContext({ targetingKey: 'u-18' })
    const { body } = await service.call('POST', '/assign', { experiment: 'keys', unit: 'u-18' })
    expect(client.getStringDetails('keys', 'none')).toMatchObject({ variant: body.arm })
    expect(body.reason).toBe('kept')
  })
})

describe('the web SDK without the right key', () => {
  it('knows that asking again is of no use', async () => {
    const locked = await startService({ adminKey: 'correct-horse-battery-staple' })
    const refused = provider({ baseUrl: locked.url, headers: [['X-API-Key', 'not-the-right-key']] })
    await expect(OpenFeature.setProviderAndWait('locked', refused)).rejects.toThrow('Initialization failed')
    expect(OpenFeature.getClient('locked').providerStatus).toBe('FATAL')
    await locked.close()
  })
})

describe('a page that has no targetingKey yet', () => {
  it('gets the winners, and the default for whatever would draw an arm', async () => {
    const other = await startService()
    await startExperiment(other, { key: 'running', arms: [{ key: 'control' }, { key: 'mens' }] })
    await startExperiment(other, { key: 'over', arms: [{ key: 'control' }, { key: 'mens' }] })
    await other.call('POST', '/experiments/over/stop', { winner: 'mens' })
    await OpenFeature.clearContext()
    await OpenFeature.setProviderAndWait('no unit', provider({ baseUrl: other.url }))
    const page = OpenFeature.getClient('no unit')
    expect(page.getStringDetails('over', 'default')).toMatchObject({ value: 'mens', reason: 'STATIC' })
    expect(page.getStringDetails('running', 'default')).toMatchObject({
      value: 'default',
      errorCode: 'TARGETING_KEY_MISSING',
    })
    await OpenFeature.setContext({ targetingKey: 'u-17' })
    expect(page.getStringDetails('running', 'default')).toMatchObject({ reason: 'SPLIT' })
    await other.close()
  })
})
