// OpenFeature's own SDK for servers against the service: what product code gets through them, and
// what they make of our refusals.
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { type Client, type EvaluationContext, OpenFeature, type Provider } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { faultyStore } from '../../support/faulty-store.ts'
import { currentOfrepProvider } from '../../support/http/ofrep-provider.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const headers: [string, string][] = [['Authorization', `Bearer ${KEY}`]]

const store = faultyStore()
let service: Service

beforeAll(async () => {
  service = await startService({ wrapStore: store.wrapStore, adminKey: KEY })
  const call = service.call
  service.call = (method, path, body, more) => call(method, path, body, { authorization: `Bearer ${KEY}`, ...more })
  await Promise.all(
    Object.entries(PAYLOADS).map(([key, payloads]) =>
      startExperiment(service, { key, ...arms(payloads), policy: { type: 'fixed', weights: { a: 0.999, b: 0.001 } } }),
    ),
  )
  const keys = { arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }] }
  for (const key of ['paused', 'finished', 'given-up']) await startExperiment(service, { key, ...keys })
  await service.call('POST', '/assign', { experiment: 'paused', unit: 'old' })
  await service.call('POST', '/experiments/paused/pause')
  await service.call('POST', '/experiments/finished/stop', { winner: 'womens' })
  await service.call('POST', '/experiments/given-up/stop')
  await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
})

afterEach(() => {
  store.isDown = false
})

afterAll(async () => {
  await OpenFeature.close()
  await service.close()
})

/** By experiment, the payloads of its two arms, of which the first gets nearly everybody. */
const PAYLOADS = {
  string: ['blue', 'red'],
  boolean: [true, false],
  integer: [3, 4],
  float: [1, 0.5],
  object: [{ template: 'm1' }, { template: 'm2' }],
  keys: [null, null],
  mixed: [null, { template: 'm2' }],
  list: [[1], [2]],
}

/** What only code without types can send. */
const NO_UNIT = { targetingKey: undefined } as unknown as EvaluationContext
const NUMBERED_UNIT = { targetingKey: 17.5 } as unknown as EvaluationContext

function arms([a, b]: readonly unknown[]) {
  return {
    arms: [
      { key: 'a', payload: a },
      { key: 'b', payload: b },
    ],
  }
}

describe.each<[name: string, provider: (options: { baseUrl: string; headers: [string, string][] }) => Provider]>([
  ['@openfeature/ofrep-provider 0.1.3', options => new OFREPProvider(options)],
  ['@openfeature/ofrep-core 2.3', currentOfrepProvider],
])('the server SDK with %s', (name, providerOf) => {
  const isOld = name.endsWith('0.1.3')
  let client: Client

  beforeEach(async () => {
    await OpenFeature.setProviderAndWait(name, providerOf({ baseUrl: service.url, headers }))
    client = OpenFeature.getClient(name, { targetingKey: 'u-17', country: 'CA' })
  })

  it('gets the arm of each type, and the same again', async () => {
    for (let round = 1; round <= 2; round++) {
      expect(await client.getStringDetails('string', 'none')).toMatchObject({
        value: 'blue',
        variant: 'a',
        reason: 'SPLIT',
        flagMetadata: { experiment: 'string', version: 2, policy: 'fixed', propensity: 0.999, snapshot: 1 },
      })
      expect(await client.getBooleanValue('boolean', false)).toBe(true)
      expect(await client.getNumberValue('integer', 0)).toBe(3)
      expect(await client.getNumberValue('float', 0)).toBe(1)
      expect(await client.getObjectValue('object', {})).toEqual({ template: 'm1' })
      expect(await client.getStringValue('keys', 'none')).toBe('a')
    }
    const kept = await service.call('POST', '/assign', { experiment: 'object', unit: 'u-17' })
    expect(kept.body).toMatchObject({ reason: 'kept', arm: 'a' })
  })

  it('uses the default in the code for an arm without a payload beside others', async () => {
    const details = await client.getObjectDetails('mixed', { template: 'default' })
    expect(details.value).toEqual({ template: 'default' })
    // The old client calls a missing value an error; the user sees the same.
    expect(details).toMatchObject(isOld ? { errorCode: 'GENERAL' } : { reason: 'SPLIT', variant: 'a' })
  })

  it.each(['draft', 'paused', 'given-up'])('uses the default in the code for a unit without an arm: %s', async key => {
    const details = await client.getStringDetails(key, 'default')
    expect(details.value).toBe('default')
    if (!isOld) expect(details).toMatchObject({ reason: 'DISABLED', variant: 'control' })
  })

  it('gets the kept arm while paused, and the winner after a stop', async () => {
    const kept = await service.call('POST', '/assign', { experiment: 'paused', unit: 'old' })
    const { arm, propensity } = kept.body
    const paused = await client.getStringDetails('paused', 'default', { targetingKey: 'old' })
    expect(paused).toMatchObject({ value: arm, variant: arm, reason: 'SPLIT', flagMetadata: { propensity } })
    const finished = await client.getStringDetails('finished', 'default')
    expect(finished).toMatchObject({ value: 'womens', variant: 'womens', reason: 'STATIC' })
  })

  it.each<[name: string, key: string, context: EvaluationContext, errorCode: string, message: string]>([
    ['no targetingKey', 'string', NO_UNIT, 'TARGETING_KEY_MISSING', 'targetingKey'],
    ['an empty one', 'string', { targetingKey: '' }, 'TARGETING_KEY_MISSING', 'targetingKey'],
    ['a fraction for one', 'string', NUMBERED_UNIT, 'INVALID_CONTEXT', 'must be a string or a whole number'],
    ['an experiment that is not there', 'nothing', {}, 'FLAG_NOT_FOUND', 'There is no experiment "nothing"'],
    ['lists', 'list', {}, 'GENERAL', 'ask POST /assign'],
  ])('hears what is wrong: %s', async (_, key, context, errorCode, message) => {
    const details = await client.getStringDetails(key, 'default', context)
    expect(details).toMatchObject({ value: 'default', reason: 'ERROR', errorCode })
    expect(details.errorMessage).toContain(message)
  })

  it('uses the default in the code when it asks for another type', async () => {
    expect(await client.getNumberDetails('string', 7)).toMatchObject({ value: 7, errorCode: 'TYPE_MISMATCH' })
  })

  it('uses the default in the code while the store is down, and says why', async () => {
    store.isDown = true
    const details = await client.getStringDetails('string', 'default')
    expect(details).toMatchObject({ value: 'default', errorCode: 'GENERAL' })
    expect(details.errorMessage).toContain('The store does not answer')
    store.isDown = false
    expect(await client.getStringValue('string', 'default')).toBe('blue')
  })

  it('is refused without the right key, and gets the default', async () => {
    const wrong: [string, string][] = [['Authorization', 'Bearer not-the-right-key']]
    await OpenFeature.setProviderAndWait(name, providerOf({ baseUrl: service.url, headers: wrong }))
    expect(await client.getStringDetails('string', 'default')).toMatchObject({ value: 'default', reason: 'ERROR' })
  })
})

describe('a service that has too much to do', () => {
  it('makes the client pause for a second, in which it asks nothing', async () => {
    // Bodies of 256 MiB that are on their way are all that the service holds at once.
    const head = requestHead('POST', '/assign/batch', {
      Authorization: `Bearer ${KEY}`,
      'Content-Length': 16 * 1024 * 1024,
    })
    const provider = new OFREPProvider({ baseUrl: service.url, headers })
    await OpenFeature.setProviderAndWait('busy', provider)
    const client = OpenFeature.getClient('busy', { targetingKey: 'u-17' })
    const connections = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const connection = await RawConnection.open(service.url)
        await connection.send(head)
        return connection
      }),
    )
    const path = '/ofrep/v1/evaluate/flags/string'
    const unit = { context: { targetingKey: 'u-17' } }
    await expect.poll(async () => (await service.call('POST', path, unit)).status).toBe(429)
    const busy = await service.call('POST', path, unit)
    expect(busy.headers.get('retry-after')).toBe('1')
    expect(busy.body).toMatchObject({ key: 'string', errorCode: 'GENERAL', code: 'overloaded', metadata: {} })
    expect(await client.getStringValue('string', 'default')).toBe('default')
    const paused = await client.getStringDetails('string', 'default')
    expect(paused).toMatchObject({ value: 'default', errorMessage: expect.stringContaining('paused') })
    await Promise.all(connections.map(connection => connection.reset()))
    await expect.poll(async () => (await service.call('POST', path, unit)).status).toBe(200)
  })
})
