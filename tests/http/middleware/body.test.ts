import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BanditError } from '../../../src/bandit/errors.ts'
import {
  BATCH_LIMIT,
  BODY_LIMIT,
  bodyHeadOf,
  chunksOf,
  decodeUtf8,
  parseJson,
  readValue,
} from '../../../src/http/middleware/body.ts'
import { bookOf, expectBalance } from '../../support/book.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const FORM = 'application/x-www-form-urlencoded'

/** A request as far as its body goes. */
function requestOf(body: string | Uint8Array | readonly Uint8Array[], headers: IncomingMessage['headers'] = {}) {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body
  const stream = Readable.from(
    chunks.filter(chunk => chunk.length > 0),
    { objectMode: false },
  )
  return Object.assign(stream, { headers }) as unknown as IncomingMessage
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof BanditError) return error.code
    throw error
  }
  return 'none'
}

describe('bodyHeadOf()', () => {
  it.each<[header: string | undefined, type: string]>([
    [undefined, 'application/json'],
    ['application/json', 'application/json'],
    ['Application/JSON', 'application/json'],
    ['application/json;charset=UTF-8', 'application/json'],
    ['application/json; charset="utf-8"', 'application/json'],
    ['application/json ; foo=bar; charset=utf8', 'application/json'],
    [FORM, FORM],
    ['text/plain', 'text/plain'],
    ['', ''],
  ])('reads %j as %j', (header, type) => {
    const headers = header === undefined ? {} : { 'content-type': header }
    expect(bodyHeadOf(requestOf('', headers)).type).toBe(type)
  })

  it.each([
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'application/json', 'content-encoding': 'zstd' },
  ])('refuses what would have to be decoded: %j', async headers => {
    expect(await codeOf(() => bodyHeadOf(requestOf('', headers)).type)).toBe('unsupported_media_type')
  })

  it('takes the encoding that is none', () => {
    expect(bodyHeadOf(requestOf('', { 'content-encoding': 'identity' })).type).toBe('application/json')
  })
})

describe('readValue()', () => {
  const read = (body: Parameters<typeof requestOf>[0], type?: string, limit?: number) =>
    readValue(requestOf(body, type === undefined ? {} : { 'content-type': type }), limit === undefined ? {} : { limit })

  it.each<[text: string, value: unknown]>([
    ['{"a":[1,null,"é"]}', { a: [1, null, 'é'] }],
    [' null\n', null],
    ['17', 17],
    ['"text"', 'text'],
    ['[]', []],
    ['\ufeff{}', {}],
  ])('reads JSON: %j', async (text, value) => {
    expect(await read(text)).toEqual({ value, isForm: false })
  })

  it('reads no body as undefined, of either type', async () => {
    expect(await read('')).toEqual({ value: undefined, isForm: false })
    expect((await read('', FORM)).value).toBeUndefined()
  })

  it('keeps __proto__ as a field like any other', async () => {
    const { value } = await read('{"__proto__":{"a":1}}')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    const form = await read('__proto__=a&constructor=b&toString=c', FORM)
    expect(Object.entries(form.value as object)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ])
    expect(Object.getPrototypeOf(form.value)).toBe(Object.prototype)
  })

  it.each<[text: string, value: Record<string, string>]>([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=', { a: '' }],
    ['a', { a: '' }],
    ['=1', { '': '1' }],
    ['a=1=2', { a: '1=2' }],
    ['a+b=c+d', { 'a b': 'c d' }],
    ['a%2Bb=%26%3D%25', { 'a+b': '&=%' }],
    ['a=%C3%A9%F0%9F%98%80', { a: 'é😀' }],
    ['a=é', { a: 'é' }],
    ['&&a=1&', { a: '1' }],
    ['a[b]=1&a[c]=2', { 'a[b]': '1', 'a[c]': '2' }],
    ['a=1;b=2', { a: '1;b=2' }],
  ])('reads forms: %s', async (text, value) => {
    expect(await read(text, FORM)).toEqual({ value, isForm: true })
  })

  it.each([
    ['a field that is there twice', 'a=1&a=1'],
    ['a field that is there twice in two spellings', 'a=1&%61=1'],
    ['__proto__ twice', '__proto__=1&__proto__=1'],
    ['a lone percent sign', 'a=100%'],
    ['half an escape', 'a=%4'],
    ['no hexadecimal digits', 'a=%zz'],
    ['bytes that are no UTF-8', 'a=%ff'],
    ['an overlong form', 'a=%c0%af'],
    ['the same in a name', '%ff=1'],
  ])('refuses a form with %s', async (_name, text) => {
    expect(await codeOf(() => read(text, FORM))).toBe('invalid_request')
  })

  it.each(['text/plain', '', 'multipart/form-data; boundary=x', 'application/x-ndjson'])(
    'refuses the type %j',
    async type => {
      expect(await codeOf(() => read('{}', type))).toBe('unsupported_media_type')
    },
  )

  it('reads the same however the bytes are cut, within characters too', async () => {
    const bytes = Buffer.from('{"é😀":"ü"}')
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect((await read([bytes.subarray(0, cut), bytes.subarray(cut)])).value).toEqual({ 'é😀': 'ü' })
    }
  })

  it('takes as many bytes as the limit, and not one more', async () => {
    const body = (size: number) => Buffer.from('{}'.padEnd(size))
    expect((await read(body(100), undefined, 100)).value).toEqual({})
    expect(await codeOf(() => read(body(101), undefined, 100))).toBe('body_too_large')
    const chunks = [body(60), Buffer.alloc(41, ' ')]
    expect(await codeOf(() => read(chunks, undefined, 100))).toBe('body_too_large')
    const declared = requestOf(body(2), { 'content-length': '101' })
    expect(await codeOf(() => readValue(declared, { limit: 100 }))).toBe('body_too_large')
  })

  it('counts bytes, not characters', async () => {
    const body = Buffer.from(JSON.stringify('é'.repeat(50)))
    expect(await codeOf(() => read(body, undefined, body.length - 1))).toBe('body_too_large')
    expect((await read(body, undefined, body.length)).value).toBe('é'.repeat(50))
  })

  it('refuses a body that is cut off', async () => {
    const request = requestOf([])
    const reading = codeOf(() => readValue(request))
    request.destroy(new Error('aborted'))
    expect(await reading).toBe('invalid_request')
  })

  it('has the limits of the interface', () => {
    expect([BODY_LIMIT, BATCH_LIMIT]).toEqual([2 ** 20, 2 ** 24])
  })
})

describe('parseJson()', () => {
  it('says where the text stops making sense', () => {
    expect(() => parseJson('{"a":1,}')).toThrow(/position 7|column 8/)
  })

  it('reads 64 levels and as many values as it is allowed, and refuses one more before it reads any', async () => {
    const levels = (count: number) => '['.repeat(count) + ']'.repeat(count)
    expect(parseJson(levels(64))).toHaveLength(1)
    await expect(codeOf(() => parseJson(levels(65)))).resolves.toBe('invalid_json')
    await expect(codeOf(() => parseJson('['.repeat(8_000_000)))).resolves.toBe('invalid_json')
    const list = (count: number) => `[${Array(count).fill('{}').join()}]`
    expect(parseJson(list(499), 1_000)).toHaveLength(499)
    await expect(codeOf(() => parseJson(list(501), 1_000))).resolves.toBe('body_too_large')
  })

  it('counts no brackets and commas within texts', () => {
    const text = `${'[{,'.repeat(1_000)}\\\\"\\\\`
    expect(parseJson(JSON.stringify([text, text, 1]), 10)).toEqual([text, text, 1])
  })
})

describe('decodeUtf8()', () => {
  it.each([[[0xff]], [[0xc0, 0xaf]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]]])(
    'refuses bytes that are no UTF-8 rather than to replace them: %j',
    async bytes => {
      expect(await codeOf(() => decodeUtf8(Uint8Array.from(bytes)))).toBe('invalid_json')
    },
  )
})

describe('chunksOf()', () => {
  it('gives all of a body', async () => {
    const parts: Buffer[] = []
    for await (const chunk of chunksOf(requestOf([Buffer.from('ab'), Buffer.from('cd')]))) parts.push(chunk)
    expect(Buffer.concat(parts).toString()).toBe('abcd')
  })

  it('leaves the request alive when its reader leaves early', async () => {
    const request = requestOf(Array.from({ length: 100 }, () => Buffer.alloc(10_000)))
    for await (const _ of chunksOf(request)) break
    await new Promise(resolve => request.once('end', resolve))
    expect(request.errored).toBeNull()
  })

  it('refuses a body that is cut off', async () => {
    const request = requestOf([Buffer.from('ab')])
    const reading = codeOf(async () => {
      for await (const _ of chunksOf(request)) request.destroy(new Error('aborted'))
    })
    expect(await reading).toBe('invalid_request')
  })
})

describe('a body on the wire', () => {
  const JSON_TYPE = { 'Content-Type': 'application/json' }
  const ASSIGN = '{"experiment":"spring-email","unit":"u"}'

  let service: Service
  let before: Awaited<ReturnType<typeof bookOf>>

  beforeEach(async () => {
    service = await startService()
    await startExperiment(service)
    before = await bookOf(service)
  })

  afterEach(async () => {
    await expectBalance(service)
    await service.close()
  })

  const post = (path: string, headers: Record<string, string | number>) =>
    requestHead('POST', path, { ...JSON_TYPE, ...headers })

  /**
   * The service is well: nothing was written, and the next request on this or another connection is
   * answered.
   */
  async function expectUnharmed(connection?: RawConnection): Promise<void> {
    expect(await bookOf(service)).toEqual(before)
    const next = connection ?? (await RawConnection.open(service.url))
    await next.send(post('/assign', { 'Content-Length': ASSIGN.length }) + ASSIGN)
    const answer = await next.answer()
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject({ unit: 'u', reason: 'assigned' })
    await next.reset()
  }

  it.each(['/assign', '/assign/batch', '/rewards', '/experiments', '/experiments/spring-email/stop'])(
    'that ends before its length is refused: %s',
    async path => {
      const connection = await RawConnection.open(service.url)
      await connection.send(post(path, { 'Content-Length': 1_000 }) + ASSIGN)
      connection.end()
      expect((await connection.answer()).status).toBe(400)
      await expectUnharmed()
    },
  )

  it.each(['/assign', '/rewards', '/experiments', '/experiments/spring-email/stop'])(
    'that is cut off leaves nothing behind: %s',
    async path => {
      for (const part of ['', '{', ASSIGN]) {
        const connection = await RawConnection.open(service.url)
        await connection.send(post(path, { 'Content-Length': 1_000 }) + part)
        await connection.reset()
      }
      await expectUnharmed()
    },
  )

  it('that is longer than its length is read up to there; what follows is no request', async () => {
    const connection = await RawConnection.open(service.url)
    const nobody = '{"experiment":"nobody","unit":"u"}'
    await connection.send(post('/assign', { 'Content-Length': nobody.length }) + nobody)
    expect((await connection.answer()).status).toBe(404)
    await connection.send('garbage\r\n\r\n')
    expect((await connection.answer()).status).toBe(400)
    await expectUnharmed()
  })

  it('that is shorter than what was meant is no JSON', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(post('/assign', { 'Content-Length': 10 }) + ASSIGN.slice(0, 10))
    const answer = await connection.answer()
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'invalid_json' })
    await expectUnharmed(connection)
  })

  it.each<[name: string, headers: Record<string, string | number>]>([
    ['a negative length', { 'Content-Length': -1 }],
    ['a length in words', { 'Content-Length': 'many' }],
    ['a length beyond all measure', { 'Content-Length': '9'.repeat(30) }],
    ['a length and chunks', { 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }],
    ['a transfer encoding that is unknown', { 'Transfer-Encoding': 'gzip' }],
  ])('with a head that makes no sense is refused: %s', async (_name, headers) => {
    const connection = await RawConnection.open(service.url)
    await connection.send(post('/assign', headers) + ASSIGN)
    const { status } = await connection.answer()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).not.toBe(500)
    await expectUnharmed()
  })

  it('with chunks that make no sense is refused', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(`${post('/assign', { 'Transfer-Encoding': 'chunked' })}zz\r\n${ASSIGN}\r\n0\r\n\r\n`)
    expect((await connection.answer()).status).toBe(400)
    await expectUnharmed()
  })

  it('that announces too much is refused at once, before it is sent', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(post('/assign', { 'Content-Length': BODY_LIMIT + 1 }))
    const answer = await connection.answer()
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'body_too_large' })
    await connection.send(Buffer.alloc(BODY_LIMIT + 1, ' '))
    await expectUnharmed(connection)
  })

  it('that announces nothing and grows too much is refused when it does', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(post('/assign', { 'Transfer-Encoding': 'chunked' }))
    const size = 64 * 1024
    const chunk = `${size.toString(16)}\r\n${' '.repeat(size)}\r\n`
    for (let sent = 0; sent <= BODY_LIMIT; sent += size) await connection.send(chunk)
    const answer = await connection.answer()
    expect(answer.status).toBe(413)
    await connection.send(`${chunk}0\r\n\r\n`)
    await expectUnharmed(connection)
  })

  it('as long as the limit is taken', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(post('/assign', { 'Content-Length': BODY_LIMIT }) + ASSIGN.padEnd(BODY_LIMIT))
    expect(JSON.parse((await connection.answer()).text)).toMatchObject({ reason: 'assigned' })
    await connection.reset()
  })

  it('that comes byte by byte holds nobody up', async () => {
    const slow = await RawConnection.open(service.url)
    await slow.send(post('/assign', { 'Content-Length': ASSIGN.length }))
    for (const character of ASSIGN.slice(0, -1)) {
      await slow.send(character)
      if (character === ',') expect((await service.call('GET', '/livez')).status).toBe(200)
    }
    expect(await bookOf(service)).toEqual(before)
    await slow.send(ASSIGN.slice(-1))
    expect(JSON.parse((await slow.answer()).text)).toMatchObject({ reason: 'assigned' })
    await slow.reset()
  })

  it('is answered in turn where several requests come in one packet', async () => {
    const connection = await RawConnection.open(service.url)
    const bodies = ['u', 'v', 'u'].map(unit => `{"experiment":"spring-email","unit":"${unit}"}`)
    await connection.send(bodies.map(body => post('/assign', { 'Content-Length': body.length }) + body).join(''))
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()]
    expect(answers.map(({ text }) => JSON.parse(text)).map(({ unit, reason }) => [unit, reason])).toEqual([
      ['u', 'assigned'],
      ['v', 'assigned'],
      ['u', 'kept'],
    ])
    await connection.reset()
  })

  it.each<[name: string, request: string, status: number]>([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a head beyond all measure', requestHead('GET', '/livez', { 'X-Long': 'x'.repeat(20_000) }), 431],
    ['an address beyond all measure', requestHead('GET', `/experiments/${'x'.repeat(20_000)}`), 431],
    ['a method that is unknown', requestHead('FETCH', '/livez'), 400],
    ['an expectation that is unknown', requestHead('POST', '/assign', { Expect: 'wonders', 'Content-Length': 0 }), 417],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
    ['a head with a line break in a value', 'GET /livez HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n', 400],
  ])('is not even looked for: %s', async (_name, request, status) => {
    const connection = await RawConnection.open(service.url)
    await connection.send(request)
    connection.end()
    expect((await connection.answer()).status).toBe(status)
    await expectUnharmed()
  })

  it('survives many who come and go in the middle', async () => {
    const connections = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(service.url)))
    await Promise.all(connections.map(each => each.send(post('/rewards', { 'Content-Length': 500 }) + ASSIGN)))
    await Promise.all(connections.map(each => each.reset()))
    await expectUnharmed()
  })
})
