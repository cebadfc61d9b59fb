// The arbitrary of a request: any method at any address with any head and body, most of them nearly
// right, since what is wrong altogether is refused at the door and tests nothing behind it.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { weighted } from '../arbitraries.ts'
import { type Body, bodyFor, type Names, type Takes } from './hostile-bodies.ts'
import { hostileText } from './hostile-values.ts'

export interface HostileRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly framing: Framing
  readonly version: string
  /** It comes in pieces: where one ends and the next begins, in bytes, counted round. */
  readonly cuts: readonly number[]
}

/** How the body says where it ends. */
type Framing =
  | 'length'
  | 'chunked'
  /** With extensions and trailers, and a byte at a time. */
  | 'adorned chunks'
  /** The last chunk never comes. */
  | 'cut chunks'
  /** A size that is none. */
  | 'broken chunks'
  /** Says more than comes. */
  | 'short'
  /** Does not say, so that it reads as another request. */
  | 'none'

const STRICT_FRAMINGS = new Set<Framing>(['length', 'chunked', 'adorned chunks'])

interface Route {
  readonly method: string
  /** `:key` stands for the key of an experiment. */
  readonly path: string
  readonly takes?: Takes
  readonly weight: number
}

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/assign', takes: 'assign', weight: 10 },
  { method: 'POST', path: '/assign/batch', takes: 'batch', weight: 8 },
  { method: 'POST', path: '/rewards', takes: 'rewards', weight: 14 },
  { method: 'POST', path: '/ofrep/v1/evaluate/flags/:key', takes: 'context', weight: 6 },
  { method: 'POST', path: '/ofrep/v1/evaluate/flags', takes: 'context', weight: 4 },
  { method: 'POST', path: '/v1/batch', takes: 'tracks', weight: 6 },
  { method: 'POST', path: '/v1/track', takes: 'track', weight: 4 },
  { method: 'POST', path: '/v1/events', takes: 'cloudEvent', weight: 4 },
  { method: 'POST', path: '/v1/identify', takes: 'nothing', weight: 1 },
  { method: 'POST', path: '/experiments', takes: 'created', weight: 8 },
  { method: 'PUT', path: '/experiments/:key', takes: 'definition', weight: 12 },
  { method: 'POST', path: '/experiments/:key/plan', takes: 'definition', weight: 4 },
  { method: 'GET', path: '/experiments', weight: 1 },
  { method: 'GET', path: '/experiments/:key', weight: 2 },
  { method: 'POST', path: '/experiments/:key/start', takes: 'nothing', weight: 6 },
  { method: 'POST', path: '/experiments/:key/pause', takes: 'nothing', weight: 3 },
  { method: 'POST', path: '/experiments/:key/stop', takes: 'winner', weight: 3 },
  { method: 'GET', path: '/experiments/:key/history', weight: 2 },
  { method: 'POST', path: '/experiments/:key/evaluate', takes: 'evaluation', weight: 6 },
  { method: 'GET', path: '/experiments/:key/snapshots', weight: 4 },
  { method: 'GET', path: '/experiments/:key/assignments.ndjson', weight: 2 },
  { method: 'GET', path: '/experiments/:key/assignments.csv', weight: 2 },
  { method: 'GET', path: '/experiments/:key/report', weight: 5 },
  ...['json', 'txt', 'csv', 'html', 'svg'].map(face => ({
    method: 'GET',
    path: `/experiments/:key/report.${face}`,
    weight: 2,
  })),
  { method: 'POST', path: '/simulate', takes: 'simulation', weight: 1 },
  { method: 'GET', path: '/livez', weight: 1 },
  { method: 'GET', path: '/readyz', weight: 1 },
  { method: 'GET', path: '/version', weight: 1 },
]

const METHODS = 'GET POST PUT DELETE PATCH HEAD OPTIONS TRACE CONNECT PROPFIND QUERY PRI get X'.split(' ')

const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-ndjson',
  'application/json; charset=utf-8',
  'application/json; charset="UTF8"; charset=latin1',
  'APPLICATION/JSON;;;',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'text/plain',
  '__proto__',
  '',
  ';',
] as const

/** Stands for a header that is not sent. */
const ABSENT = '@absent'

/** Values that are odd for each header. */
const ODD_VALUES: Readonly<Record<string, readonly string[]>> = {
  'Content-Encoding': ['gzip', 'identity', ''],
  Accept: [
    'text/html, application/xhtml+xml;q=0.9, */*;q=0.8',
    'image/*;q=0, text/csv;q=1e9',
    'application/pdf',
    ',;=,"',
    'text/plain,'.repeat(300),
  ],
  'Accept-Encoding': ['br'],
  'Accept-Charset': ['utf-16'],
  Authorization: ['Bearer', `Bearer ${'x'.repeat(3_000)}`, 'Basic Og=='],
  'X-API-Key': ['nobody'],
  Expect: ['100-continue', 'the impossible'],
  Connection: ['close', 'upgrade', 'keep-alive, __proto__'],
  Upgrade: ['websocket', 'h2c'],
  Host: ['another', '', ABSENT],
  Range: ['bytes=0-0'],
  'If-None-Match': ['*'],
  'If-Modified-Since': ['yesterday'],
  Cookie: ['\x80\xff'],
  'X-HTTP-Method-Override': ['DELETE'],
  'X-Forwarded-For': ['::1'],
  'Content-Length': ['0', '-1', '99999999999999999999', '20000000'],
  'Transfer-Encoding': ['gzip, chunked', 'identity', 'chunked'],
  Trailer: ['X'],
  TE: ['trailers'],
  ['__proto__']: ['x'],
  constructor: ['x'],
  'X-Bad\0Name': ['x'],
  'X Bad Name': ['x'],
  'X-Bad-Value': ['a\0b'],
  'X-Folded': ['a\r\n b'],
  'X-Long': ['x'.repeat(20_000)],
}
const ODD_HEADERS = Object.entries(ODD_VALUES).flatMap(([name, values]) => values.map(value => [name, value] as const))

/** Twice, or together: which of them counts must not be a matter of taste. */
const ODD_COMPANIES = [
  ['Content-Length: 5', 'Content-Length: 6'],
  ['Content-Length: 5, 5'],
  ['Content-Length: +5'],
  ['Content-Length: 0x5'],
  ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked, identity'],
  ['Transfer-Encoding: x\tchunked'],
  ['Host: one', 'Host: another'],
  ['Content-Type: application/json', 'Content-Type: application/x-www-form-urlencoded'],
  ['Content-Encoding: identity', 'Content-Encoding: gzip'],
  ['Authorization: Bearer one', 'Authorization: Bearer another'],
  ['X-API-Key: one', 'X-API-Key: another'],
  ['Accept: text/csv', 'Accept: text/html;q=0.1'],
  ['Expect: 100-continue', 'Expect: more'],
  ['Connection: keep-alive', 'Connection: close'],
  Array.from({ length: 1_500 }, (_, number) => `X-${number}: `),
].map(lines => lines.map(line => line.split(': ') as [name: string, value: string]))

/** Those that change where a request ends or who talks to whom. */
const LOOSE_HEADERS = new Set(['content-length', 'transfer-encoding', 'upgrade', 'connection', 'expect'])

const PIECES = [' ', ...'% %00 %ff %2f %2e%2e ../.. // / ? # * [ ] : @ \\ | " \x80 é'.split(' ')]

const ODD_TARGETS = [
  '',
  `/${'x'.repeat(20_000)}`,
  ...'* http://[ http://a:b:c/ //[::1 localhost:80 ftp://x/ /\x7f'.split(' '),
]

const QUERIES =
  'metric=visit metric=spend metric= metric=a&metric=b metric[]=x after=0 after=-1 after=1e9 format=csv colour=red'.split(
    ' ',
  )

/** What is likely, now and then what is not. */
const seldom = <Value>(often: fc.Arbitrary<Value>, rarely: fc.Arbitrary<Value>, weight = 12) =>
  weighted([weight, often], [1, rarely])

/** A request. `keys`: of experiments that are there, or may come to be. */
export function hostileRequests(names: Names): fc.Arbitrary<HostileRequest> {
  return weighted(...ROUTES.map(route => [route.weight, requestsTo(route, names)] as const))
}

function requestsTo({ method, path, takes }: Route, names: Names): fc.Arbitrary<HostileRequest> {
  const none = fc.constant<Body>({ type: '', bytes: new Uint8Array() })
  const body = takes === undefined ? seldom(none, bodyFor('assign', names)) : seldom(bodyFor(takes, names), none)
  return fc
    .record({
      method: seldom(fc.constant(method), fc.constantFrom(...METHODS)),
      target: targetsOf(path, names),
      body,
      type: seldom(fc.constant(null), fc.constantFrom(...TYPES)),
      odd: seldom<HostileRequest['headers']>(
        fc.constant([]),
        weighted([4, fc.array(oddHeader, { minLength: 1, maxLength: 3 })], [1, fc.constantFrom(...ODD_COMPANIES)]),
        6,
      ),
      coding: seldom<Coding | null>(fc.constant(null), fc.constantFrom(...CODINGS), 25),
      framing: seldom<Framing>(
        fc.constantFrom('length', 'length', 'length', 'chunked', 'adorned chunks'),
        fc.constantFrom('short', 'none', 'cut chunks', 'broken chunks'),
        25,
      ),
      version: seldom(fc.constant('1.1'), fc.constantFrom('1.0', '1.0', '2.0', '0.9', '9', ''), 40),
      cuts: seldom<readonly number[]>(
        fc.constant([]),
        fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 4 }),
        8,
      ),
    })
    .map(({ body: { type: fitting, bytes }, type, odd, coding, ...request }) => {
      const named = type ?? fitting
      const headers = [...(named === '' ? [] : [['Content-Type', named] as const]), ...odd]
      if (coding === null) return { ...request, headers, body: bytes }
      return {
        ...request,
        headers: [...headers, ['Content-Encoding', coding.name] as const],
        body: coding.encode(bytes),
      }
    })
}

interface Coding {
  readonly name: string
  readonly encode: (bytes: Uint8Array) => Uint8Array
}

/** Bodies that are what their head says, and some that are not. */
const CODINGS: readonly Coding[] = [
  { name: 'gzip', encode: bytes => gzipSync(bytes) },
  { name: 'x-gzip', encode: bytes => gzipSync(bytes) },
  { name: 'gzip', encode: bytes => gzipSync(bytes).subarray(0, -9) },
  { name: 'deflate', encode: bytes => deflateSync(bytes) },
  { name: 'br', encode: bytes => brotliCompressSync(bytes) },
  { name: 'gzip, gzip', encode: bytes => gzipSync(gzipSync(bytes)) },
  { name: 'identity', encode: bytes => gzipSync(bytes) },
]

const oddHeader = seldom<readonly [string, string]>(
  fc.constantFrom(...ODD_HEADERS),
  fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 20 })),
)

function targetsOf(path: string, { keys }: Names): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...PIECES),
    hostileText.map(text => encodeURIComponent(text.toWellFormed()).slice(0, 9_000)),
  )
  const key = seldom(fc.constantFrom(...keys), piece)
  const query = seldom(
    fc.constant(''),
    fc.array(fc.oneof(fc.constantFrom(...QUERIES), piece), { maxLength: 3 }).map(parts => `?${parts.join('&')}`),
    3,
  )
  const right = fc.tuple(key, query).map(([name, rest]) => path.replace(':key', () => name) + rest)
  const wrong = fc.oneof(
    fc.tuple(right, piece, fc.nat({ max: 30 })).map(([whole, part, at]) => whole.slice(0, at) + part + whole.slice(at)),
    right.map(whole => `http://localhost${whole}`),
    right.map(whole => `http://somewhere:80${whole}`),
    fc.constantFrom(...ODD_TARGETS),
    fc.string({ maxLength: 20 }),
  )
  return seldom(right, wrong, 15)
}

/** The request as it goes over the wire, in the pieces in which it comes. */
export function piecesOf(request: HostileRequest): Uint8Array[] {
  const bytes = bytesOf(request)
  const ends = request.cuts.map(cut => cut % bytes.length).sort((one, other) => one - other)
  return [0, ...ends].map((from, position) => bytes.subarray(from, ends[position])).filter(({ length }) => length > 0)
}

function bytesOf({ method, target, headers, body, framing, version }: HostileRequest): Buffer {
  const own = new Set(headers.map(([name]) => name.toLowerCase()))
  const lines = [`${method} ${target} HTTP/${version}`]
  if (!own.has('host')) lines.push('Host: localhost')
  if (isChunked(framing)) lines.push('Transfer-Encoding: chunked')
  else if (framing !== 'none' && hasLength(method, body)) {
    lines.push(`Content-Length: ${body.length + (framing === 'short' ? 7 : 0)}`)
  }
  lines.push(...headers.flatMap(([name, value]) => (value === ABSENT ? [] : `${name}: ${value}`)))
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat(isChunked(framing) ? [head, ...chunksOf(body, framing)] : [head, body])
}

/** True where the request may not end where the service thinks that it ends. */
export function isLoose({ headers, framing, version, target, method }: HostileRequest): boolean {
  if (!STRICT_FRAMINGS.has(framing) || version !== '1.1' || method === 'CONNECT') return true
  if (/[^\x21-\x7e]/.test(target) || target === '') return true
  return headers.some(([name, value]) => LOOSE_HEADERS.has(name.toLowerCase()) || /[^\x20-\x7e]/.test(name + value))
}

/** To be read by a person: `POST /assign` with what else there is. */
export function requestText(request: HostileRequest): string {
  const { method, target, headers, body, framing, version, cuts } = request
  const told = [`${method} ${JSON.stringify(target)} HTTP/${version}`, ...headers.map(header => JSON.stringify(header))]
  if (cuts.length > 0) told.push(`in pieces, cut at ${cuts}`)
  if (body.length > 0) told.push(`${framing}: ${JSON.stringify(Buffer.from(body).toString('latin1').slice(0, 2_000))}`)
  return told.join('\n    ')
}

function hasLength(method: string, body: Uint8Array): boolean {
  return body.length > 0 || method === 'POST' || method === 'PUT'
}

function isChunked(framing: Framing): boolean {
  return framing.endsWith('chunks') || framing === 'chunked'
}

/** At most so many bytes come one by one. */
const MOST_SINGLE_BYTES = 40

function chunksOf(body: Uint8Array, framing: Framing): Uint8Array[] {
  const half = Math.floor(body.length / 2)
  const single = Math.min(body.length, framing === 'adorned chunks' ? MOST_SINGLE_BYTES : 0)
  const parts = [
    ...Array.from({ length: single }, (_, at) => body.subarray(at, at + 1)),
    body.subarray(single, Math.max(single, half)),
    body.subarray(Math.max(single, half)),
  ].filter(part => part.length > 0)
  const extension = framing === 'adorned chunks' ? ';name="va;lue"' : ''
  const framed = parts.flatMap(part => [
    Buffer.from(`${part.length.toString(16)}${extension}\r\n`),
    part,
    Buffer.from('\r\n'),
  ])
  return [...framed, Buffer.from(CHUNKS_END[framing] ?? '0\r\n\r\n')]
}

const CHUNKS_END: Partial<Record<Framing, string>> = {
  'adorned chunks': '000;last\r\nX-Trailer: x\r\n\r\n',
  'cut chunks': '5\r\nab',
  'broken chunks': 'x5\r\nabcde\r\n0\r\n\r\n',
}
