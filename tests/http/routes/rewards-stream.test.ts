import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }
const CHUNKED = { 'Content-Type': 'application/x-ndjson', 'Transfer-Encoding': 'chunked' }

const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const SPEND = { key: 'spend', type: 'continuous', range: [0, 1_000_000] }

/** A machine may be busy with other things. */
const PATIENT = { interval: 10, timeout: 15_000 }

/** One line, as every good event of this file has it. */
const LINE = '{"unit":"u","metric":"spend","value":1}\n'

const store = faultyStore()
let service: Service

beforeEach(async () => {
  store.isDown = false
  service = await startService({ wrapStore: store.wrapStore })
  await startExperiment(service, { metrics: [VISIT, SPEND] })
  for (const unit of ['u', 'v']) await service.call('POST', '/assign', { experiment: 'spring-email', unit })
})

afterEach(async () => {
  store.isDown = false
  await expectBalance(service)
  await service.close()
})

/** Sends text, or bytes that are no text. */
const stream = (body: string | Uint8Array, headers: Record<string, string> = NDJSON) =>
  service.call('POST', '/rewards', Buffer.from(body), headers)

const jsonLines = (events: readonly unknown[]) => events.map(event => `${JSON.stringify(event)}\n`).join('')

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

async function spent(): Promise<number> {
  const { body } = await service.call('GET', '/experiments/spring-email/report?metric=spend')
  return body.arms.reduce((sum: number, arm: { sum: number }) => sum + arm.sum, 0)
}

const statusesOf = (answer: { body: { results: { line: number; status: string }[] } }) =>
  answer.body.results.map(({ line, status }) => [line, status])

describe('POST /rewards with application/x-ndjson', () => {
  it('answers each event with its line', async () => {
    service.now += 1_000
    const answer = await stream(
      jsonLines([
        { unit: 'u', metric: 'visit', id: 'a' },
        { unit: 'u', metric: 'visit', id: 'a' },
        { unit: 'nobody', metric: 'visit' },
        { unit: 'u', metric: 'visit', at: new Date(NOON - 1).toISOString() },
        { unit: 'u', metric: 'nothing' },
        { unit: 'u', metric: 'spend', value: 2.5, experiment: 'spring-email' },
      ]),
    )
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual({
      recorded: 2,
      duplicate: 1,
      unassigned: 1,
      late: 1,
      rejected: 1,
      results: [
        { line: 1, status: 'recorded' },
        { line: 2, status: 'duplicate' },
        { line: 3, status: 'unassigned' },
        { line: 4, status: 'late' },
        { line: 5, status: 'rejected', code: 'metric_not_found', message: expect.stringContaining('nothing') },
        { line: 6, status: 'recorded' },
      ],
    })
    expect(await spent()).toBe(2.5)
  })

  it('answers a single event that is rejected with its line too', async () => {
    const answer = await stream('{"unit":"u","metric":"nothing"}')
    expect(answer).toMatchObject({ status: 200, body: { rejected: 1, results: [{ line: 1, status: 'rejected' }] } })
  })

  it.each([
    ['nothing', ''],
    ['blank lines', '\n\r\n \t\n\n'],
  ])('answers %s with zeros', async (_name, body) => {
    const answer = await stream(body)
    expect(answer.body).toEqual({ recorded: 0, duplicate: 0, unassigned: 0, late: 0, rejected: 0, results: [] })
  })

  it.each([
    ['without an end of the last line', LINE.trim()],
    ['with CRLF', LINE.replace('\n', '\r\n')],
    ['with blanks around', `  ${LINE.trim()}\t\n`],
    ['with a byte order mark', `\ufeff${LINE}`],
  ])('reads a line %s', async (_name, body) => {
    expect(statusesOf(await stream(body))).toEqual([[1, 'recorded']])
    expect(await spent()).toBe(1)
  })

  it('counts blank lines as lines, and answers for none', async () => {
    expect(statusesOf(await stream(`\n${LINE}\r\n\n${LINE}`))).toEqual([
      [2, 'recorded'],
      [5, 'recorded'],
    ])
  })

  it.each([
    ['no JSON', 'unit=u', 'invalid_json'],
    ['cut off', '{"unit":"u","metric":"spend"', 'invalid_json'],
    ['with a trailing comma', '{"unit":"u","metric":"spend",}', 'invalid_json'],
    ['with two events', '{"unit":"u","metric":"spend"}{"unit":"v","metric":"spend"}', 'invalid_json'],
    ['with NaN', '{"unit":"u","metric":"spend","value":NaN}', 'invalid_json'],
    ['null', 'null', 'invalid_request'],
    ['a number', '17', 'invalid_request'],
    ['a list of events', `[${LINE.trim()}]`, 'invalid_request'],
    ['with a fraction as unit', '{"unit":17.5,"metric":"spend"}', 'invalid_request'],
    ['with a number as unit that is rounded', '{"unit":9007199254740993,"metric":"spend"}', 'invalid_request'],
    ['with an infinite value', '{"unit":"u","metric":"spend","value":1e400}', 'invalid_request'],
    ['with an unknown field', '{"unit":"u","metric":"spend","valeu":1}', 'invalid_request'],
    ['with __proto__', '{"unit":"u","metric":"spend","__proto__":{"value":1}}', 'invalid_request'],
    ['without a unit', '{"metric":"spend"}', 'invalid_request'],
    ['of an unknown experiment', '{"unit":"u","metric":"spend","experiment":"nobody"}', 'experiment_not_found'],
    ['too long', `{"unit":"u","metric":"spend","id":"${'x'.repeat(70_000)}"}`, 'invalid_json'],
    ['too deep', '['.repeat(30_000) + ']'.repeat(30_000), 'invalid_json'],
  ])('rejects a line %s, and records its neighbours', async (_name, line, code) => {
    const answer = await stream(`${LINE}${line}\n${LINE}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ recorded: 2, rejected: 1 })
    expect(answer.body.results).toEqual([
      { line: 1, status: 'recorded' },
      { line: 2, status: 'rejected', code, message: expect.stringMatching(/\S/) },
      { line: 3, status: 'recorded' },
    ])
    expect(await spent()).toBe(2)
  })

  it.each([
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['a no-break space of Latin-1 alone', [0xa0]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('rejects a line that is not UTF-8: %s', async (_name, bytes) => {
    const body = Buffer.concat([Buffer.from(LINE), Buffer.from(bytes), Buffer.from(`\n${LINE}`)])
    const answer = await stream(body)
    expect(statusesOf(answer)).toEqual([
      [1, 'recorded'],
      [2, 'rejected'],
      [3, 'recorded'],
    ])
    expect(answer.body.results[1].code).toBe('invalid_json')
  })

  it('tells ids apart over the whole stream', async () => {
    const events = Array.from({ length: 2_500 }, (_, n) => ({
      unit: 'u',
      metric: 'spend',
      value: 1,
      id: `e-${n % 1_000}`,
    }))
    expect((await stream(jsonLines(events))).body).toMatchObject({ recorded: 1_000, duplicate: 1_500 })
    expect(await spent()).toBe(1_000)
  })

  it('lists every event up to 10,000', async () => {
    const answer = await stream(LINE.repeat(10_000))
    expect(answer.body.results).toHaveLength(10_000)
    expect(answer.body.results.at(-1)).toEqual({ line: 10_000, status: 'recorded' })
    expect(await spent()).toBe(10_000)
  })

  it('lists only the rejected ones beyond 10,000, and counts all', async () => {
    const [bad, nobody] = ['{}\n', '{"unit":"nobody","metric":"spend"}\n']
    const answer = await stream(`${LINE}${bad}${nobody.repeat(9_998)}${LINE}${bad}`)
    expect(answer.body).toMatchObject({ recorded: 2, unassigned: 9_998, rejected: 2 })
    expect(statusesOf(answer)).toEqual([
      [2, 'rejected'],
      [10_002, 'rejected'],
    ])
  })

  it('takes more than any other body may have', async () => {
    const padded = `{"unit":"nobody","metric":"spend"${' '.repeat(60_000)}}\n`
    const answer = await stream(padded.repeat(300))
    expect(answer.body).toMatchObject({ unassigned: 300 })
  })

  it.each([
    ['application/x-ndjson; charset=utf-8', 200],
    ['Application/X-NDJSON', 200],
    ['application/x-ndjson; charset=latin1', 415],
    ['application/ndjson', 415],
    ['application/jsonl', 415],
  ])('takes the content type %s: %i', async (type, status) => {
    const answer = await stream(LINE, { 'content-type': type })
    expect(answer.status).toBe(status)
    if (status === 415) expectProblem(answer, 415, 'unsupported_media_type')
    expect(await spent()).toBe(status === 200 ? 1 : 0)
  })
})

describe('a stream on the wire', () => {
  it('is recorded while it is still under way, and holds nobody up', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(requestHead('POST', '/rewards', CHUNKED) + chunk(LINE.repeat(700)))
    await expect.poll(spent, PATIENT).toBeGreaterThanOrEqual(500)
    expect((await service.call('GET', '/livez')).status).toBe(200)
    await connection.send(`${chunk(LINE)}0\r\n\r\n`)
    const answer = await connection.answer()
    expect(JSON.parse(answer.text)).toMatchObject({ recorded: 701 })
    expect(await spent()).toBe(701)
    await connection.reset()
  })

  it('may be cut anywhere, within characters too', async () => {
    const unit = 'é😀'
    await service.call('POST', '/assign', { experiment: 'spring-email', unit })
    const bytes = Buffer.from(
      jsonLines([
        { unit, metric: 'spend', value: 3 },
        { unit: 'u', metric: 'spend', value: 4 },
      ]),
    )
    const connection = await RawConnection.open(service.url)
    await connection.send(
      requestHead('POST', '/rewards', { 'Content-Type': 'application/x-ndjson', 'Content-Length': bytes.length }),
    )
    for (const byte of bytes) await connection.send(Uint8Array.of(byte))
    expect(JSON.parse((await connection.answer()).text)).toMatchObject({ recorded: 2, rejected: 0 })
    expect(await spent()).toBe(7)
    await connection.reset()
  })

  it('that is cut off counts no half line, and leaves the service well', async () => {
    const connection = await RawConnection.open(service.url)
    const half = '{"unit":"u","metric":"spend","value":100'
    await connection.send(requestHead('POST', '/rewards', CHUNKED) + chunk(LINE.repeat(600) + half))
    await expect.poll(spent, PATIENT).toBeGreaterThanOrEqual(500)
    await connection.reset()
    expect((await stream(LINE)).body).toMatchObject({ recorded: 1 })
    expect(await spent()).toBeLessThanOrEqual(601)
  })

  it('that ends before its length is refused, and leaves the service well', async () => {
    const before = await bookOf(service)
    const connection = await RawConnection.open(service.url)
    const head = requestHead('POST', '/rewards', { 'Content-Type': 'application/x-ndjson', 'Content-Length': 1_000 })
    await connection.send(head + LINE)
    connection.end()
    expect((await connection.answer()).status).toBe(400)
    expect(await bookOf(service)).toEqual(before)
    expect((await stream(LINE)).body).toMatchObject({ recorded: 1 })
  })

  it('is answered 503 as soon as the store fails, and the connection lives on', async () => {
    store.isDown = true
    const connection = await RawConnection.open(service.url)
    await connection.send(requestHead('POST', '/rewards', CHUNKED) + chunk(LINE.repeat(20_000)))
    const answer = await connection.answer()
    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'store_unavailable' })
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    await connection.send(`${chunk(LINE.repeat(20_000))}0\r\n\r\n${requestHead('GET', '/livez')}`)
    expect((await connection.answer()).status).toBe(200)
    await connection.reset()
    store.isDown = false
    expect(await spent()).toBe(0)
  })

  it('lets others have their turn where no line is an event', async () => {
    let isAnswered = false
    const answer = fetch(`${service.url}/rewards`, { method: 'POST', headers: NDJSON, body: '1\n'.repeat(20_000) })
    const list = answer.finally(() => {
      isAnswered = true
    })
    let others = 0
    for (; !isAnswered; others++) await service.call('GET', '/livez')
    expect(await (await list).json()).toMatchObject({ rejected: 20_000 })
    expect(others).toBeGreaterThan(5)
  })
})
