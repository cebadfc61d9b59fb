// Bodies that are deep, wide, long, repeated or unpack into more than they are; on every route that
// reads one.
import { deflateSync, gzipSync } from 'node:zlib'
import type { Attack } from '../attack.ts'
import { LONELY, WIDE } from '../experiments.ts'
import type { Sent, Stage } from '../stage.ts'
import { brotli } from './brotli.ts'

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
  onEach('json-depth', '1 MiB of nested lists', `${'['.repeat(MIB / 2)}${']'.repeat(MIB / 2)}`),
  onEach('json-unclosed', '1 MiB of brackets', '[{"a":'.repeat(MIB / 6)),
  onEach(
    'json-keys',
    '1 MB of different keys',
    objectOf(80_000, place => [`k${place}`, 0]),
  ),
  onEach(
    'json-numbered-keys',
    '1 MB of keys that are numbers',
    objectOf(60_000, place => [String(4e9 - place * 7), 0]),
  ),
  onEach('json-proto', '1 MB of __proto__', `{${'"__proto__":{"a":0},'.repeat(45_000)}"a":0}`),
  onEach('json-number', 'a number of a million digits', '9'.repeat(1_000_000)),
  onEach('json-exponents', '1 MB of numbers beyond all measure', `[${'1e999,'.repeat(99_000)}0]`),
  onEach('json-text', 'a text of a million characters', JSON.stringify('x'.repeat(1_000_000))),
  onEach('json-escapes', '1 MB of escapes', `"${'\\u0041'.repeat(170_000)}"`),
  onEach('json-quotes', '1 MB of escaped quotes', `"${'\\"'.repeat(500_000)}"`),
  onEach('json-items', '1 MiB of empty objects', `[${'{},'.repeat(90_000)}{}]`),
  onEach('json-blanks', '1 MB of blanks', `${' '.repeat(1_000_000)}{}`),
  {
    name: 'plan-widest',
    what: 'the plan of a definition of 1 MB: 200 arms with payloads of 5 KB',
    run: stage => stage.sendAtOnce(5, { path: '/experiments/new/plan', key: 'read', body: widest() }),
  },
  {
    name: 'plan-unknown',
    what: 'the plan of a definition of 200 arms with 400 unknown fields each',
    run: stage => stage.sendAtOnce(3, { path: '/experiments/new/plan', key: 'read', body: unknownFields() }),
  },
  {
    name: 'plan-weights',
    what: 'the plan of a definition with 60,000 weights',
    run: stage => stage.send({ path: '/experiments/new/plan', key: 'read', body: weights() }).then(() => {}),
  },
  {
    name: 'evaluate-weights',
    what: '60,000 weights to evaluate',
    run: async stage => {
      const body = `{"weights":${objectOf(60_000, place => [`arm-${place}`, 0])}}`
      await stage.send({ path: `/experiments/${WIDE}/evaluate`, key: 'read', body })
    },
  },
  {
    name: 'gzip-blanks',
    what: '16 MiB of blanks in 16 KB of gzip, ten times',
    run: stage => unpack(stage, 10, 'gzip', gzipSync(Buffer.alloc(16 * MIB, ' '))),
  },
  {
    name: 'deflate-zeros',
    what: '1 GiB of zeros in 1 MB of deflate',
    run: stage => unpack(stage, 1, 'deflate', deflateSync(Buffer.alloc(1_024 * MIB))),
  },
  {
    name: 'brotli-zeros',
    what: '1 GiB of zeros in some bytes of brotli, twenty times',
    run: stage => unpack(stage, 20, 'br', brotli('\0'.repeat(256 * MIB))),
  },
  {
    name: 'gzip-members',
    what: 'gzip of 40,000 empty members',
    run: stage => unpack(stage, 1, 'gzip', Buffer.concat(Array<Buffer>(40_000).fill(gzipSync('')))),
  },
  {
    name: 'form-fields',
    what: 'a form of 1 MB of fields',
    run: stage => form(stage, Array.from({ length: 150_000 }, (_, place) => `${place}=`).join('&')),
  },
  { name: 'form-ands', what: 'a form of 16 MiB of &', run: stage => form(stage, '&'.repeat(16 * MIB)) },
  {
    name: 'form-percent',
    what: 'a form of 1 MB of percent',
    run: stage => form(stage, `unit=${'%41'.repeat(330_000)}`),
  },
  {
    name: 'form-payload',
    what: 'the form of a new experiment with a payload of 1 MB of brackets',
    run: async stage => {
      const body = `key=a&arms[0].key=a&arms[0].payload=${'['.repeat(1_000_000)}`
      await stage.send({ path: '/new', key: 'admin', headers: FORM, body })
    },
  },
  {
    name: 'form-rows',
    what: 'the form of a new experiment with 200 arms and metrics, ten times',
    run: async stage => {
      const rows = Array.from({ length: 200 }, (_, row) => `arms[${row}].key=a${row}&metrics[${row}].key=m${row}`)
      await stage.sendAtOnce(10, { path: '/new', key: 'admin', headers: FORM, body: rows.join('&') })
    },
  },
  {
    name: 'events-unknown-fields',
    what: '9,000 events with 100 unknown fields each',
    run: async stage => {
      const event = objectOf(100, place => [`f${place}`, 0])
      await stage.send({ path: '/rewards', key: 'reward', body: `[${Array(9_000).fill(event).join()}]` })
    },
  },
  {
    name: 'events-zeros',
    what: '100,000 events that are 0',
    run: async stage => {
      await stage.send({ path: '/rewards', key: 'reward', body: `[${'0,'.repeat(99_999)}0]` })
    },
  },
  {
    name: 'events-metrics',
    what: '100,000 events of metrics that nobody has, by pages’ keys',
    run: async stage => {
      const events = Array.from({ length: 100_000 }, (_, place) => ({ unit: 'u', metric: `m${place}` }))
      await stage.send({ path: '/rewards', key: 'pk', body: JSON.stringify(events) })
    },
  },
  lines('lines-empty', '1 MB of empty lines', '\n'.repeat(1_000_000)),
  lines('lines-zeros', '1 MB of lines that are 0', '0\n'.repeat(500_000)),
  lines('lines-objects', '1 MB of lines that are {}', '{}\n'.repeat(333_000)),
  lines('lines-broken', '1 MB of lines that are no JSON', 'x\n'.repeat(500_000)),
  lines('lines-long', 'lines of 16 MB', `${' '.repeat(8_000_000)}\n`.repeat(2)),
  lines('lines-deep', 'lines of nested lists', `${'['.repeat(60_000)}\n`.repeat(16)),
  lines('lines-fields', 'lines of unknown fields', `${objectOf(6_000, place => [`f${place}`, 0])}\n`.repeat(16)),
  lines(
    'lines-metrics',
    '50 MB of lines with metrics of 10,000 characters that nobody has',
    `{"unit":"u","metric":"${'m'.repeat(10_000)}"}\n`.repeat(5_000),
  ),
  {
    name: 'segment-names',
    what: '30,000 calls of an SDK with names of 200 characters that no experiment measures',
    run: async stage => {
      const batch = Array.from({ length: 30_000 }, () => ({ type: 'track', event: '- '.repeat(100) }))
      await stage.send({ path: '/v1/batch', key: 'reward', body: JSON.stringify({ batch }) })
    },
  },
  {
    name: 'segment-name',
    what: 'a call of an SDK with a name of a million characters',
    run: async stage => {
      const body = JSON.stringify({ type: 'track', event: '-'.repeat(1_000_000), userId: 'u' })
      await stage.send({ path: '/v1/track', key: 'reward', body })
    },
  },
  {
    name: 'batch-bad-units',
    what: '10,000 units that are none',
    run: async stage => {
      const body = JSON.stringify({ experiment: LONELY, units: Array(10_000).fill(null) })
      await stage.send({ path: '/assign/batch', key: 'assign', body })
    },
  },
  {
    name: 'ofrep-wanted',
    what: 'a bulk evaluation that lists 90,000 experiments, five times',
    run: async stage => {
      const pinwheelExperiments = Array.from({ length: 90_000 }, (_, place) => `no-${place}`)
      const body = JSON.stringify({ context: { targetingKey: 'u', pinwheelExperiments } })
      await stage.sendAtOnce(5, { path: '/ofrep/v1/evaluate/flags', key: 'assign', body })
    },
  },
]

/** The same body to every route that reads JSON, one after the other. */
function onEach(name: string, what: string, body: string): Attack {
  return {
    name,
    what: `${what}, to every route`,
    run: async stage => {
      for (const route of JSON_ROUTES) await stage.send({ ...route, body })
    },
  }
}

function lines(name: string, what: string, body: string): Attack {
  return {
    name,
    what,
    run: async stage => {
      await stage.send({ path: '/rewards', key: 'reward', headers: NDJSON, body })
    },
  }
}

function objectOf(count: number, field: (place: number) => readonly [name: string, value: unknown]): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, place) => field(place))))
}

function unpack(stage: Stage, count: number, encoding: string, body: Buffer): Promise<void> {
  return stage.sendAtOnce(count, { path: '/rewards', key: 'pk', headers: { 'Content-Encoding': encoding }, body })
}

async function form(stage: Stage, body: string): Promise<void> {
  await stage.send({ path: '/rewards', key: 'reward', headers: FORM, body })
}

function widest(): string {
  const arms = Array.from({ length: 200 }, (_, arm) => ({ key: `arm-${arm}`, payload: Array(2_400).fill(0) }))
  return JSON.stringify({ arms, metrics: [{ key: 'm', type: 'binary', role: 'primary' }] })
}

function unknownFields(): string {
  const fields = Object.fromEntries(Array.from({ length: 400 }, (_, place) => [`f${place}`, 0]))
  return JSON.stringify({ arms: Array(200).fill(fields), metrics: Array(20).fill(fields) })
}

function weights(): string {
  const shares = Object.fromEntries(Array.from({ length: 60_000 }, (_, place) => [`arm-${place}`, 0]))
  const arms = [{ key: 'a' }, { key: 'b' }]
  return JSON.stringify({ arms, metrics: [], policy: { type: 'fixed', weights: shares } })
}
