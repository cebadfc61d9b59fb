// What the evaluation suites of the OpenFeature specification ask (specification/assets/gherkin:
// evaluation.feature, evaluation_v2.feature, hooks.feature, metadata.feature), put to the service
// by the SDK for servers and OFREP's clients, as written: without a targetingKey. Their flags are
// experiments: one that resolves without rules is stopped with the winner that it resolves to, a
// disabled one is a draft.
//
// Scenarios that cannot pass, and are held here to what is answered instead:
// - targeting (TARGETING_MATCH, and DEFAULT where no rule matched): an experiment has no rules on
//   the context; the reason is STATIC.
// - flag metadata of one's own, and its absence: the metadata says which experiment and version
//   answered, and nothing can be added.
// - CACHED: the clients for servers keep no values.
// - DISABLED with @openfeature/ofrep-provider 0.1.3: it calls an answer without a value an error.
//   The value is the default all the same. Scenarios that never reach a service, and are the SDK's
//   own: providers that are not ready, fatal or stale, the order of hooks, merging of contexts,
//   immutability, asynchronous evaluation.
import { OFREPProvider } from '@openfeature/ofrep-provider'
import {
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type JsonValue,
  OpenFeature,
  type Provider,
} from '@openfeature/server-sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { currentOfrepProvider } from '../../support/http/ofrep-provider.ts'
import { emailDefinition, type Service, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const headers: [string, string][] = [['Authorization', `Bearer ${KEY}`]]

const PICTURES = { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 }

/** The variants of a flag by their keys; the first is what it resolves to. */
type Variants = Readonly<Record<string, JsonValue>>

const PLAIN = {
  boolean: { on: true, off: false },
  string: { greeting: 'hi', parting: 'bye' },
  integer: { ten: 10, one: 1 },
  float: { half: 0.5, tenth: 0.1 },
  object: { template: PICTURES, empty: {} },
} as const satisfies Record<string, Variants>

const ZERO = {
  boolean: { zero: false, 'non-zero': true },
  string: { zero: '', 'non-zero': 'str' },
  integer: { zero: 0, 'non-zero': 1 },
  float: { zero: 0, 'non-zero': 1 },
  object: { zero: {}, 'non-zero': PICTURES },
} as const satisfies Record<string, Variants>

type Type = keyof typeof PLAIN
const TYPES = Object.keys(PLAIN) as Type[]

const RESOLVED: Readonly<Record<string, Variants>> = {
  ...Object.fromEntries(
    TYPES.flatMap(type => [
      [`${type}-flag`, PLAIN[type]],
      [`${type}-zero-flag`, ZERO[type]],
      [`${type}-targeted-zero-flag`, ZERO[type]],
    ]),
  ),
  'metadata-flag': PLAIN.boolean,
  'wrong-flag': { one: 'uno', two: 'dos' },
  'complex-targeted': { external: 'EXTERNAL', internal: 'INTERNAL' },
}

const DISABLED: Readonly<Record<string, Variants>> = Object.fromEntries(
  TYPES.map(type => [`${type}-disabled-flag`, PLAIN[type]]),
)

let service: Service

beforeAll(async () => {
  service = await startService({ adminKey: KEY })
  const post = async (path: string, body?: unknown) => {
    const answer = await service.call('POST', path, body, { authorization: `Bearer ${KEY}` })
    if (answer.status >= 300) throw new Error(answer.text)
  }
  for (const [key, variants] of Object.entries({ ...RESOLVED, ...DISABLED })) {
    const arms = Object.entries(variants).map(([arm, payload]) => ({ key: arm, payload }))
    await post('/experiments', emailDefinition({ key, arms }))
    if (!(key in RESOLVED)) continue
    await post(`/experiments/${key}/start`)
    await post(`/experiments/${key}/stop`, { winner: arms[0]?.key })
  }
})

afterAll(async () => {
  await OpenFeature.close()
  await service.close()
})

interface Scenario {
  readonly name: string
  readonly key: string
  readonly type: Type
  readonly fallback: JsonValue
  readonly context?: EvaluationContext
  readonly expected: Partial<EvaluationDetails<FlagValue>>
}

const FALLBACKS: Readonly<Record<Type, JsonValue>> = {
  boolean: false,
  string: 'bye',
  integer: 1,
  float: 0.1,
  object: { a: 1 },
}

const first = (variants: Variants) => Object.entries(variants)[0] as [variant: string, value: JsonValue]

/** The same scenario for each type. */
const each = (name: string, scenario: (type: Type) => Omit<Scenario, 'name' | 'type' | 'fallback'>): Scenario[] =>
  TYPES.map(type => ({ name: `${name} (${type})`, type, fallback: FALLBACKS[type], ...scenario(type) }))

const resolved = (variants: Variants, reason = 'STATIC') => {
  const [variant, value] = first(variants)
  return { value, variant, reason }
}

const failed = (type: Type, errorCode: string) => ({
  value: FALLBACKS[type] as FlagValue,
  reason: 'ERROR',
  errorCode: errorCode as NonNullable<EvaluationDetails<FlagValue>['errorCode']>,
})

/** Those that every client passes. */
const SCENARIOS: readonly Scenario[] = [
  ...each('a value with its variant, reason and key', type => ({
    key: `${type}-flag`,
    expected: { flagKey: `${type}-flag`, ...resolved(PLAIN[type]) },
  })),
  ...each('a value whatever the context', type => ({
    key: `${type}-flag`,
    context: {
      email: 'ballmer@macrosoft.com',
      age: 65,
      customer: false,
      nothing: null,
    } as unknown as EvaluationContext,
    expected: resolved(PLAIN[type]),
  })),
  ...each('a value that is zero or empty', type => ({ key: `${type}-zero-flag`, expected: resolved(ZERO[type]) })),
  {
    name: 'an object with null for a default',
    key: 'object-flag',
    type: 'object',
    fallback: null,
    expected: resolved(PLAIN.object),
  },
  ...each('a flag that is not there', type => ({
    key: 'non-existent-flag',
    expected: failed(type, 'FLAG_NOT_FOUND'),
  })),
  ...each('a flag of another type', type => ({
    key: type === 'boolean' ? 'string-flag' : 'boolean-flag',
    expected: failed(type, 'TYPE_MISMATCH'),
  })),
  {
    name: 'a text asked for as a number',
    key: 'wrong-flag',
    type: 'integer',
    fallback: 13,
    expected: { value: 13, reason: 'ERROR', errorCode: failed('integer', 'TYPE_MISMATCH').errorCode },
  },
]

/**
 * Those that no client can pass: the value is right where nothing is targeted, the reason never.
 */
const UNTARGETED: readonly Scenario[] = [
  ...['ballmer@macrosoft.com', 'ballmer@none.com', null, undefined].flatMap(email =>
    each(`a targeted flag, for ${email}`, type => ({
      key: `${type}-targeted-zero-flag`,
      context: { ...(email !== undefined && { email }) } as unknown as EvaluationContext,
      expected: resolved(ZERO[type]),
    })),
  ),
  {
    name: 'a flag with a rule on several attributes',
    key: 'complex-targeted',
    type: 'string',
    fallback: 'default',
    context: { email: 'ballmer@macrosoft.com', role: 'admin', age: 65, customer: false },
    expected: { value: 'EXTERNAL', reason: 'STATIC' },
  },
  {
    name: 'a flag that would be cached',
    key: 'boolean-flag',
    type: 'boolean',
    fallback: false,
    expected: { value: true, reason: 'STATIC' },
  },
]

async function evaluate(client: Client, { type, key, fallback, context }: Scenario) {
  if (type === 'boolean') return client.getBooleanDetails(key, fallback as boolean, context)
  if (type === 'string') return client.getStringDetails(key, fallback as string, context)
  if (type === 'object') return client.getObjectDetails(key, fallback, context)
  return client.getNumberDetails(key, fallback as number, context)
}

describe.each<[name: string, provider: (options: { baseUrl: string; headers: [string, string][] }) => Provider]>([
  ['@openfeature/ofrep-provider 0.1.3', options => new OFREPProvider(options)],
  ['@openfeature/ofrep-core 2.3', currentOfrepProvider],
])('the evaluation suite with %s', (name, providerOf) => {
  const isOld = name.endsWith('0.1.3')
  const domain = `conformance, ${name}`
  let client: Client

  beforeAll(async () => {
    await OpenFeature.setProviderAndWait(domain, providerOf({ baseUrl: service.url, headers }))
    client = OpenFeature.getClient(domain)
  })

  it.each(SCENARIOS)('$name', async scenario => {
    expect(await evaluate(client, scenario)).toMatchObject(scenario.expected)
  })

  it.each(UNTARGETED)('$name, which has no rules here', async scenario => {
    expect(await evaluate(client, scenario)).toMatchObject(scenario.expected)
  })

  it.each(TYPES)('a disabled flag (%s)', async type => {
    const fallback = FALLBACKS[type]
    const scenario = { name: 'disabled', key: `${type}-disabled-flag`, type, fallback, expected: {} }
    const details = await evaluate(client, scenario)
    const [variant] = first(PLAIN[type])
    expect(details.value).toEqual(fallback)
    expect(details).toMatchObject(isOld ? { errorCode: 'GENERAL' } : { reason: 'DISABLED', variant })
    expect(details.errorCode).toBe(isOld ? 'GENERAL' : undefined)
  })

  it('metadata, which are those of the experiment', async () => {
    const { flagMetadata } = await client.getBooleanDetails('metadata-flag', false)
    expect(flagMetadata).toEqual({ experiment: 'metadata-flag', version: 3, policy: 'thompson' })
  })

  it.each<[key: string, hooks: string[], details: object]>([
    ['boolean-flag', ['before', 'after', 'finally'], { value: true, variant: 'on', reason: 'STATIC' }],
    ['missing-flag', ['before', 'error', 'finally'], { value: false, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' }],
    ['wrong-flag', ['before', 'error', 'finally'], { value: false, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' }],
  ])('hooks that are called with the details of %s', async (key, hooks, details) => {
    const called: string[] = []
    const hook = {
      before: () => void called.push('before'),
      after: () => void called.push('after'),
      error: () => void called.push('error'),
      finally: (_: unknown, given: object) => {
        called.push('finally')
        expect(given).toMatchObject({ flagKey: key, ...details })
      },
    }
    expect(await client.getBooleanDetails(key, false, {}, { hooks: [hook] })).toMatchObject(details)
    expect(called).toEqual(hooks)
  })

  it('is refused as before without an API key', async () => {
    await OpenFeature.setProviderAndWait(`${domain}, locked out`, providerOf({ baseUrl: service.url, headers: [] }))
    const stranger = OpenFeature.getClient(`${domain}, locked out`)
    expect(await stranger.getBooleanDetails('boolean-flag', false)).toMatchObject({ value: false, reason: 'ERROR' })
  })
})
