// Bodies that are deep, wide, long, repeated or unpack into more than they are; on every route that
// reads one.
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import type { Attack } from '../attack.ts'
import { LONELY, WIDE } from '../experiments.ts'
import type { Sent } from '../stage.ts'

const MIB = 1_024 * 1_024
const NDJSON = { 'Content-Type': 'application/x-ndjson' }
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** Every route that reads JSON. */
const JSON_ROUTES: readonly Sent[] = [
  { path: '/assign', key: 'assign' },
  { path: '/assign/batch', key: 'assign' },
  { path: '/rewards', key: 'reward' },
  { path: '/v1/batch', key: 'reward' },
  { path: '/v1/track', key: 'reward' },
  { path: '/v1/events', key: 'reward', headers: { 'Content-Type': 'application/cloudevents-batch+json' } },
  { path: '/ofrep/v1/evaluate/flags', key: 'assign' },
  { path: `/ofrep/v1/evaluate/flags/${LONELY}`, key: 'assign' },
  { path: '/experiments/new/plan', key: 'read' },
  { path: `/experiments/${WIDE}/evaluate`, key: 'read' },
  { path: '/simulate', key: 'read' },
  { path: '/webhooks', key: 'admin' },
  { path: '/experiments', key: 'admin' },
]

/** The same body to every route that reads JSON, one after the other. */
const ON_EACH: readonly (readonly [name: string, what: string, body: () => string])[] = [
  ['json-depth', '1 MiB of nested lists', () => nested(MIB / 2)],
  ['json-unclosed', '1 MiB of brackets', () => '[{"a":'.repeat(MIB / 6)],
  ['json-keys', '1 MB of different keys', () => JSON.stringify(fields(80_000, 'k'))],
  ['json-numbered-keys', '1 MB of keys that are numbers', () => JSON.stringify(numberedFields(60_000))],
  ['json-proto', '1 MB of __proto__', () => `{${'"__proto__":{"a":0},'.repeat(45_000)}"a":0}`],
  ['json-number', 'a number of a million digits', () => '9'.repeat(1_000_000)],
  ['json-exponents', '1 MB of numbers beyond all measure', () => `[${'1e999,'.repeat(99_000)}0]`],
  ['json-text', 'a text of a million characters', () => JSON.stringify('x'.repeat(1_000_000))],
  ['json-escapes', '1 MB of escapes', () => `"${'\\u0041'.repeat(170_000)}"`],
  ['json-quotes', '1 MB of escaped quotes', () => `"${'\\"'.repeat(500_000)}"`],
  ['json-items', '1 MiB of empty objects', () => `[${'{},'.repeat(90_000)}{}]`],
  ['json-blanks', '1 MB of blanks', () => `${' '.repeat(1_000_000)}{}`],
]

/** Streams of rewards. */
const LINES: readonly (readonly [name: string, what: string, body: () => string])[] = [
  ['lines-empty', '1 MB of empty lines', () => '\n'.repeat(1_000_000)],
  ['lines-zeros', '1 MB of lines that are 0', () => '0\n'.repeat(500_000)],
  ['lines-objects', '1 MB of lines that are {}', () => '{}\n'.repeat(333_000)],
  ['lines-broken', '1 MB of lines that are no JSON', () => 'x\n'.repeat(500_000)],
  ['lines-long', 'lines of 16 MB', () => `${' '.repeat(8_000_000)}\n`.repeat(2)],
  ['lines-deep', 'lines of nested lists', () => `${'['.repeat(60_000)}\n`.repeat(16)],
  ['lines-fields', 'lines of unknown fields', () => `${JSON.stringify(fields(6_000))}\n`.repeat(16)],
  [
    'lines-metrics',
    '50 MB of lines with metrics of 10,000 characters that nobody has',
    () => `{"unit":"u","metric":"${'m'.repeat(10_000)}"}\n`.repeat(5_000),
  ],
]

/** What is sent once, or so many times at once. */
const SENT: readonly (readonly [name: string, what: string, sent: () => Sent, times?: number])[] = [
  ['brotli-depth', '16 MiB of nested lists in some 30 bytes of brotli', () => packed('br', brotli(nested(8 * MIB)))],
  [
    'brotli-metrics',
    '349,000 empty metrics in some 70 bytes of brotli to /plan',
    () => ({
      ...plan(brotli(`{"arms":[],"metrics":[${list(349_000, () => '{}')}]}`)),
      headers: { 'Content-Encoding': 'br' },
    }),
  ],
  ['brotli-zeros', '1 GiB of zeros in some bytes of brotli', () => packed('br', brotli('\0'.repeat(256 * MIB))), 20],
  ['gzip-blanks', '16 MiB of blanks in 16 KB of gzip', () => packed('gzip', gzipSync(Buffer.alloc(16 * MIB, ' '))), 10],
  [
    'deflate-zeros',
    '1 GiB of zeros in 1 MB of deflate',
    () => packed('deflate', deflateSync(Buffer.alloc(1_024 * MIB))),
  ],
  [
    'gzip-members',
    'gzip of 40,000 empty members',
    () => packed('gzip', Buffer.concat(Array<Buffer>(40_000).fill(gzipSync('')))),
  ],
  ['plan-widest', 'the plan of a definition of 1 MB: 200 arms with payloads of 5 KB', () => plan(widest()), 5],
  ['plan-unknown', 'the plan of a definition of 200 arms with 400 unknown fields each', () => plan(unknownFields()), 3],
  ['plan-weights', 'the plan of a definition with 60,000 weights', () => plan(weights())],
  [
    'evaluate-weights',
    '60,000 weights to evaluate',
    () => json(`/experiments/${WIDE}/evaluate`, 'read', { weights: fields(60_000, 'arm-') }),
  ],
  ['form-fields', 'a form of 1 MB of fields', () => form(list(150_000, place => `${place}=`, '&'))],
  ['form-ands', 'a form of 16 MiB of &', () => form('&'.repeat(16 * MIB))],
  ['form-percent', 'a form of 1 MB of percent', () => form(`unit=${'%41'.repeat(330_000)}`)],
  [
    'form-payload',
    'the form of a new experiment with a payload of 1 MB of brackets',
    () => newExperiment(`key=a&arms[0].key=a&arms[0].payload=${'['.repeat(1_000_000)}`),
  ],
  [
    'form-rows',
    'the form of a new experiment with 200 arms and metrics',
    () => newExperiment(list(200, row => `arms[${row}].key=a${row}&metrics[${row}].key=m${row}`, '&')),
    10,
  ],
  ['unknown-fields', '10,000 events with 100 unknown fields each', () => rewards(Array(10_000).fill(fields(100)))],
  ['events-unknown-fields', '9,000 events with 100 unknown fields each', () => rewards(Array(9_000).fill(fields(100)))],
  ['events-zeros', '100,000 events that are 0', () => rewards(Array(100_000).fill(0))],
  [
    'events-metrics',
    '100,000 events of metrics that nobody has, by pages’ keys',
    () => ({
      ...rewards(Array.from({ length: 100_000 }, (_, place) => ({ unit: 'u', metric: `m${place}` }))),
      key: 'pk',
    }),
  ],
  [
    'segment-names',
    '30,000 calls of an SDK with names of 200 characters that no experiment measures',
    () => json('/v1/batch', 'reward', { batch: Array(30_000).fill({ type: 'track', event: '- '.repeat(100) }) }),
  ],
  [
    'segment-name',
    'a call of an SDK with a name of a million characters',
    () => json('/v1/track', 'reward', { type: 'track', event: '-'.repeat(1_000_000), userId: 'u' }),
  ],
  [
    'batch-bad-units',
    '10,000 units that are none',
    () => json('/assign/batch', 'assign', { experiment: LONELY, units: Array(10_000).fill(null) }),
  ],
  ['ofrep-wanted', 'a bulk evaluation that lists 90,000 experiments', () => wanted(90_000), 5],
]

export const BODY_ATTACKS: readonly Attack[] = [
  ...ON_EACH.map(([name, what, body]) => ({
    name,
    what: `${what}, to every route`,
    run: async (stage: Parameters<Attack['run']>[0]) => {
      const text = body()
      for (const route of JSON_ROUTES) await stage.send({ ...route, body: text })
    },
  })),
  ...LINES.map(([name, what, body]) => ofSent(name, what, () => ({ ...rewards([]), headers: NDJSON, body: body() }))),
  ...SENT.map(row => ofSent(...row)),
]

function ofSent(name: string, what: string, sent: () => Sent, times = 1): Attack {
  return {
    name,
    what: times === 1 ? what : `${what}, ${times} times`,
    run: stage => stage.sendAtOnce(times, sent()),
  }
}

function json(path: string, key: 'assign' | 'reward' | 'read', body: unknown): Sent {
  return { path, key, body: JSON.stringify(body) }
}

function rewards(events: readonly unknown[]): Sent {
  return json('/rewards', 'reward', events)
}

function packed(encoding: string, body: Buffer): Sent {
  return { path: '/rewards', key: 'pk', headers: { 'Content-Encoding': encoding }, body }
}

function plan(body: string | Buffer): Sent {
  return { path: '/experiments/new/plan', key: 'read', body }
}

function form(body: string): Sent {
  return { path: '/rewards', key: 'reward', headers: FORM, body }
}

function newExperiment(body: string): Sent {
  return { path: '/new', key: 'admin', headers: FORM, body }
}

function wanted(count: number): Sent {
  const pinwheelExperiments = Array.from({ length: count }, (_, place) => `no-${place}`)
  return json('/ofrep/v1/evaluate/flags', 'assign', { context: { targetingKey: 'u', pinwheelExperiments } })
}

/** As small as brotli makes a text that repeats itself. */
function brotli(text: string): Buffer {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 }
  return brotliCompressSync(text, { params })
}

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`
}

function list(count: number, item: (place: number) => string, separator = ','): string {
  return Array.from({ length: count }, (_, place) => item(place)).join(separator)
}

function fields(count: number, prefix = 'f'): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, place) => [`${prefix}${place}`, 0]))
}

function numberedFields(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, place) => [String(4e9 - place * 7), 0]))
}

function widest(): string {
  const arms = Array.from({ length: 200 }, (_, arm) => ({ key: `arm-${arm}`, payload: Array(2_400).fill(0) }))
  return JSON.stringify({ arms, metrics: [{ key: 'm', type: 'binary', role: 'primary' }] })
}

function unknownFields(): string {
  return JSON.stringify({ arms: Array(200).fill(fields(400)), metrics: Array(20).fill(fields(400)) })
}

function weights(): string {
  const policy = { type: 'fixed', weights: fields(60_000, 'arm-') }
  return JSON.stringify({ arms: [{ key: 'a' }, { key: 'b' }], metrics: [], policy })
}
