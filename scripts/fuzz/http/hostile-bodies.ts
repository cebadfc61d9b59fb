// What is sent to each route: what it would take, the same with something wrong in it, and what
// nobody should send.
import fc from 'fast-check'
import { partly, weighted } from '../arbitraries.ts'
import { hostileJson, hostileName, hostileText, hostileValue, nearly } from './hostile-values.ts'

export interface Body {
  /** The one that fits; a request may come with another. */
  readonly type: string
  readonly bytes: Uint8Array
}

export const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const NDJSON_TYPE = 'application/x-ndjson'
const CLOUD_EVENT_TYPE = 'application/cloudevents+json'

const ARMS = ['control', 'mens', 'womens', 'kids'] as const

/** `keys`: of experiments. */
export interface Names {
  readonly keys: readonly string[]
}

const unit = weighted([4, fc.integer({ min: 0, max: 500 }).map(n => `u-${n}`)], [1, hostileText])
const metric = fc.constantFrom('visit', 'spend', 'unsubscribe', 'nothing')
const share = fc.constantFrom(0, 0.1, 0.2, 0.25, 0.5, 1)

/** For any arms. */
const policy = partly(['type'], {
  type: fc.constantFrom('thompson', 'exploration'),
  exploration: fc.constantFrom<unknown[]>(0.05, 0.1, 0.5, 1, { untilVerdict: 0.5, after: 0.1 }),
  burnIn: fc.constantFrom(0, 1, 500),
  controlShare: fc.constantFrom(null, 0.2, 0.001),
  prior: fc.record({ alpha: fc.constantFrom(0.01, 1, 1e6), beta: fc.constantFrom(0.01, 1, 1e6) }),
})

const armsOf = (keys: readonly string[]) =>
  fc.tuple(
    ...keys.map((key, at) =>
      partly(['key'], {
        key: fc.constant(key),
        payload: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
        retired: at < 2 ? fc.constant(false) : fc.constantFrom(false, false, true),
      }),
    ),
  )

const fixed = (keys: readonly string[]) => ({
  type: 'fixed',
  weights: Object.fromEntries(keys.map(key => [key, 1 / keys.length])),
})

const METRICS = [
  { key: 'visit', type: 'binary', role: 'primary' },
  { key: 'visit', type: 'binary', role: 'primary', window: '1d', goal: 'decrease' },
  { key: 'spend', type: 'continuous', role: 'primary', range: [0, 500] },
  { key: 'spend', type: 'continuous', role: 'primary', range: [-1e12, 1e12], window: '1d' },
] as const
const GUARDRAIL = { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 }

const metrics = fc
  .tuple(fc.constantFrom(...METRICS), fc.boolean())
  .map(([primary, isGuarded]) => (isGuarded ? [primary, GUARDRAIL] : [primary]))

const definitionOf = ({ keys }: Names) =>
  fc.integer({ min: 2, max: ARMS.length }).chain(count => {
    const own = ARMS.slice(0, count)
    return partly(['key', 'arms', 'metrics'], {
      key: fc.constantFrom(...keys),
      arms: armsOf(own),
      metrics,
      description: fc.oneof(fc.string(), hostileText),
      control: fc.constantFrom(...own.slice(0, 2)),
      policy: fc.oneof(policy, policy, fc.constant({ type: 'uniform' }), fc.constant(fixed(own))),
      alpha: fc.constantFrom(0.05, 1e-6, 0.5),
      plannedUnits: fc.constantFrom(1_000, 30_000, Number.MAX_SAFE_INTEGER),
    })
  })

const instant = fc.oneof(
  fc.integer({ min: -90_000_000, max: 400_000 }).map(ms => new Date(Date.now() + ms).toISOString()),
  fc.constantFrom('2026-01-05T12:00:00Z', '0001-01-01T00:00:00Z', '2026-01-05T12:00:00.5+23:59'),
)

const eventOf = ({ keys }: Names) =>
  partly(['unit', 'metric'], {
    unit,
    metric,
    value: fc.oneof(fc.constantFrom(0, 1, -1, 1e12, -1e12), fc.double({ min: -600, max: 600, noNaN: true })),
    experiment: fc.constantFrom(...keys),
    id: fc.oneof(
      fc.nat({ max: 200 }).map(n => `e-${n}`),
      hostileText,
    ),
    at: instant,
  })

const trackOf = partly(['event'], {
  type: fc.constantFrom('track', 'track', 'identify'),
  event: metric,
  userId: unit,
  anonymousId: unit,
  messageId: fc.nat({ max: 200 }).map(n => `e-${n}`),
  properties: partly([], { value: fc.constantFrom(0, 1, -1, '1'), revenue: fc.double() }),
  timestamp: instant,
  originalTimestamp: instant,
  sentAt: instant,
  receivedAt: instant,
})

const cloudEvent = partly(['specversion', 'id', 'source', 'type', 'subject'], {
  specversion: fc.constant('1.0'),
  id: unit,
  source: fc.oneof(fc.constant('/shop'), hostileText),
  type: metric,
  subject: unit,
  time: instant,
  data: fc.jsonValue({ maxDepth: 1 }),
})

const contextOf = ({ keys }: Names) =>
  fc.record({
    context: fc.record(
      { targetingKey: unit, pinwheelExperiments: fc.array(fc.constantFrom(...keys), { maxLength: 3 }) },
      { requiredKeys: ['targetingKey'] },
    ),
  })

/** Small ones: they are worked through. */
const simulation = partly(['arms', 'days', 'runs', 'unitsPerDay'], {
  arms: fc
    .uniqueArray(fc.constantFrom(...ARMS), { minLength: 2, maxLength: 3 })
    .map(keys => keys.map((key, at) => ({ key, rate: 0.1 + at / 10 }))),
  policy,
  metric: fc.constantFrom({ type: 'binary' }, { type: 'binary', window: '1d' }),
  unitsPerDay: fc.constantFrom(1, 100, 1_000),
  days: fc.constantFrom(0.1, 1, 2),
  runs: fc.constantFrom(1, 2),
  seed: fc.nat(),
})

const evaluation = fc.oneof(
  partly(['weights'], { weights: fc.dictionary(fc.constantFrom(...ARMS), share), metric }),
  fc.constant({ weights: { control: 0.5, mens: 0.5 } }),
  fc.record({ arm: fc.constantFrom(...ARMS) }),
)

/** What a route takes, by the name of what it takes. */
const good = (names: Names) => ({
  assign: fc.record({ experiment: fc.constantFrom(...names.keys), unit }),
  batch: fc.record({ experiment: fc.constantFrom(...names.keys), units: fc.array(unit, { maxLength: 20 }) }),
  rewards: fc.oneof(eventOf(names), fc.array(eventOf(names), { maxLength: 10 })),
  context: contextOf(names),
  track: trackOf,
  tracks: partly(['batch'], { batch: fc.array(trackOf, { maxLength: 10 }), sentAt: instant }),
  cloudEvent,
  created: definitionOf(names),
  definition: definitionOf(names).map(({ key: _, ...given }) => given),
  winner: partly([], { winner: fc.option(fc.constantFrom(...ARMS)) }),
  nothing: fc.constant({}),
  evaluation,
  simulation,
})

export type Takes = keyof ReturnType<typeof good>

export function bodyFor(takes: Takes, names: Names): fc.Arbitrary<Body> {
  const value = nearly(good(names)[takes])
  const text = value.map(hostileJson)
  return weighted<Body>(
    [24, text.map(json => bodyOf(takes === 'cloudEvent' ? CLOUD_EVENT_TYPE : JSON_TYPE, json))],
    [2, anyJson.map(any => bodyOf(JSON_TYPE, hostileJson(any)))],
    [2, fc.tuple(text, fc.nat({ max: 400 }), fc.string()).map(broken)],
    [2, form.map(fields => bodyOf(FORM_TYPE, fields))],
    [takes === 'rewards' ? 4 : 1, linesOf(eventOf(names))],
    [1, fc.uint8Array({ maxLength: 60 }).map(bytes => ({ type: JSON_TYPE, bytes }))],
  )
}

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(hostileName, hostileValue, { maxKeys: 6 }),
  fc.array(hostileValue, { maxLength: 5 }),
)

/** Cut off, or with something else in the middle. */
function broken([json, at, text]: [string, number, string]): Body {
  return bodyOf(JSON_TYPE, `${json.slice(0, at)}${text}${text.length % 2 === 0 ? json.slice(at) : ''}`)
}

const formPart = fc.oneof(
  hostileText.map(text => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%', '%ff', '%ed%a0%80', '+', 'a=b', '1', '1e400', '-0.5', 'u-1', 'visit'),
)
const form = fc
  .array(fc.tuple(fc.oneof({ weight: 3, arbitrary: hostileName.map(encode) }, formPart), formPart), { maxLength: 5 })
  .map(fields => fields.map(([name, value]) => `${name}=${value}`).join('&'))

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function linesOf(event: fc.Arbitrary<unknown>): fc.Arbitrary<Body> {
  const line = weighted(
    [6, nearly(event).map(hostileJson)],
    [1, fc.string()],
    [1, fc.constantFrom('', ' ', '\r', '{', 'null', `"${'x'.repeat(70_000)}"`)],
  )
  return fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n', '\n\n'))
    .map(([lines, end]) => bodyOf(NDJSON_TYPE, lines.join(end)))
}

function bodyOf(type: string, text: string): Body {
  return { type, bytes: Buffer.from(text) }
}
