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

export const BODY_ATTACKS: readonly Attack[] = [
  onEach('json-depth', '1 MiB of nested lists', () => nested(MIB / 2)),
  onEach('json-unclosed', '1 MiB of brackets', () => '[{"a":'.repeat(MIB / 6)),
  onEach('json-keys', '1 MB of different keys', () => JSON.stringify(fields(80_000, 'k'))),
  onEach('json-numbered-keys', '1 MB of keys that are numbers', () => JSON.stringify(numberedFields(60_000))),
  onEach('json-proto', '1 MB of __proto__', () => `{${'"__proto__":{"a":0},'.repeat(45_000)}"a":0}`),
  onEach('json-number', 'a number of a million digits', () => '9'.repeat(1_000_000)),
  onEach('json-exponents', '1 MB of numbers beyond all measure', () => `[${'1e999,'.repeat(99_000)}0]`),
  onEach('json-text', 'a text of a million characters', () => JSON.stringify('x'.repeat(1_000_000))),
  onEach('json-escapes', '1 MB of escapes', () => `"${'\\u0041'.repeat(170_000)}"`),
  onEach('json-quotes', '1 MB of escaped quotes', () => `"${'\\"'.repeat(500_000)}"`),
  onEach('json-items', '1 MiB of empty objects', () => `[${'{},'.repeat(90_000)}{}]`),
  onEach('json-blanks', '1 MB of blanks', () => `${' '.repeat(1_000_000)}{}`),
  lines('lines-empty', '1 MB of empty lines', () => '\n'.repeat(1_000_000)),
  lines('lines-zeros', '1 MB of lines that are 0', () => '0\n'.repeat(500_000)),
  lines('lines-objects', '1 MB of lines that are {}', () => '{}\n'.repeat(333_000)),
  lines('lines-broken', '1 MB of lines that are no JSON', () => 'x\n'.repeat(500_000)),
  lines('lines-long', 'lines of 16 MB', () => `${' '.repeat(8_000_000)}\n`.repeat(2)),
  lines('lines-deep', 'lines of nested lists', () => `${'['.repeat(60_000)}\n`.repeat(16)),
  lines('lines-fields', 'lines of unknown fields', () => `${JSON.stringify(fields(6_000))}\n`.repeat(16)),
  lines('lines-metrics', '50 MB of lines with metrics of 10,000 characters that nobody has', () =>
    `{"unit":"u","metric":"${'m'.repeat(10_000)}"}\n`.repeat(5_000),
  ),
  once('brotli-depth', '16 MiB of nested lists in some 30 bytes of brotli', () =>
    packed('br', brotli(nested(8 * MIB))),
  ),
  once('brotli-metrics', '349,000 empty metrics in some 70 bytes of brotli to /plan', () => ({
    ...plan(brotli(`{"arms":[],"metrics":[${list(349_000, () => '{}')}]}`)),
    headers: { 'Content-Encoding': 'br' },
  })),
  atOnce(20, 'brotli-zeros', '1 GiB of zeros in some bytes of brotli', () =>
    packed('br', brotli('\0'.repeat(256 * MIB))),
  ),
  atOnce(10, 'gzip-blanks', '16 MiB of blanks in 16 KB of gzip', () =>
    packed('gzip', gzipSync(Buffer.alloc(16 * MIB, ' '))),
  ),
  once('deflate-zeros', '1 GiB of zeros in 1 MB of deflate', () =>
    packed('deflate', deflateSync(Buffer.alloc(1_024 * MIB))),
  ),
  once('gzip-members', 'gzip of 40,000 empty members', () =>
    packed('gzip', Buffer.concat(Array<Buffer>(40_000).fill(gzipSync('')))),
  ),
  atOnce(5, 'plan-widest', 'the plan of a definition of 1 MB: 200 arms with payloads of 5 KB', () => plan(widest())),
  atOnce(3, 'plan-unknown', 'the plan of a definition of 200 arms with 400 unknown fields each', () =>
    plan(unknownFields()),
  ),
  once('plan-weights', 'the plan of a definition with 60,000 weights', () => plan(weights())),
  once('evaluate-weights', '60,000 weights to evaluate', () =>
    json(`/experiments/${WIDE}/evaluate`, 'read', { weights: fields(60_000, 'arm-') }),
  ),
  once('form-fields', 'a form of 1 MB of fields', () => form(list(150_000, place => `${place}=`, '&'))),
  once('form-ands', 'a form of 16 MiB of &', () => form('&'.repeat(16 * MIB))),
  once('form-percent', 'a form of 1 MB of percent', () => form(`unit=${'%41'.repeat(330_000)}`)),
  once('form-payload', 'the form of a new experiment with a payload of 1 MB of brackets', () =>
    newExperiment(`key=a&arms[0].key=a&arms[0].payload=${'['.repeat(1_000_000)}`),
  ),
  atOnce(10, 'form-rows', 'the form of a new experiment with 200 arms and metrics', () =>
    newExperiment(list(200, row => `arms[${row}].key=a${row}&metrics[${row}].key=m${row}`, '&')),
  ),
  once('unknown-fields', '10,000 events with 100 unknown fields each', () => rewards(Array(10_000).fill(fields(100)))),
  once('events-unknown-fields', '9,000 events with 100 unknown fields each', () =>
    rewards(Array(9_000).fill(fields(100))),
  ),
  once('events-zeros', '100,000 events that are 0', () => rewards(Array(100_000).fill(0))),
  once('events-metrics', '100,000 events of metrics that nobody has, by pages’ keys', () => ({
    ...rewards(Array.from({ length: 100_000 }, (_, place) => ({ unit: 'u', metric: `m${place}` }))),
    key: 'pk',
  })),
  once('segment-names', '30,000 calls of an SDK with names of 200 characters that no experiment measures', () =>
    json('/v1/batch', 'reward', { batch: Array(30_000).fill({ type: 'track', event: '- '.repeat(100) }) }),
  ),
  once('segment-name', 'a call of an SDK with a name of a million characters', () =>
    json('/v1/track', 'reward', { type: 'track', event: '-'.repeat(1_000_000), userId: 'u' }),
  ),
  once('batch-bad-units', '10,000 units that are none', () =>
    json('/assign/batch', 'assign', { experiment: LONELY, units: Array(10_000).fill(null) }),
  ),
  atOnce(5, 'ofrep-wanted', 'a bulk evaluation that lists 90,000 experiments', () => wanted(90_000)),
]

/** The same body to every route that reads JSON, one after the other. */
function onEach(name: string, what: string, body: () => string): Attack {
  return {
    name,
    what: `${what}, to every route`,
    run: async stage => {
      const text = body()
      for (const route of JSON_ROUTES) await stage.send({ ...route, body: text })
    },
  }
}

/** A stream of rewards. */
function lines(name: string, what: string, body: () => string): Attack {
  return once(name, what, () => ({ path: '/rewards', key: 'reward', headers: NDJSON, body: body() }))
}

function once(name: string, what: string, sent: () => Sent): Attack {
  return { name, what, run: stage => stage.sendAtOnce(1, sent()) }
}

function atOnce(times: number, name: string, what: string, sent: () => Sent): Attack {
  return { name, what: `${what}, ${times} times`, run: stage => stage.sendAtOnce(times, sent()) }
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
