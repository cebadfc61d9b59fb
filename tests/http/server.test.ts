// What Node or express would refuse before any handler sees it is told as a problem too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Line } from '../../scripts/http/line.ts'
import { RawConnection, requestHead } from '../support/http/raw-http.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

describe('createServer()', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService()
  })

  afterAll(() => service.close())

  it.each([
    ['broken HTTP', 'HELLO\r\n\r\n', 400, 'invalid_request'],
    ['two lengths', requestHead('POST', '/assign', { 'Content-Length': '5, 6' }), 400, 'invalid_request'],
    ['an address that is none', requestHead('GET', 'http://['), 404, 'not_found'],
    ['an address of another scheme', requestHead('GET', 'ftp://x/'), 404, 'not_found'],
    ['an unknown expectation', requestHead('GET', '/livez', { Expect: 'wonders' }), 417, 'invalid_request'],
    ['a request without Host', 'GET /livez HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
    ['an address of 20,000 characters', requestHead('GET', `/${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
  ])('refuses %s with a problem, and goes on serving', async (_, bytes, status, code) => {
    const connection = await RawConnection.open(service.url)
    await connection.send(bytes)
    const answer = await connection.answer()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.parse(answer.text)).toMatchObject({ status, code })
    expect((await service.call('GET', '/livez')).status).toBe(200)
  })

  it.each([
    ['a length and chunks', { 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n'],
    ['two lengths that differ', { 'Content-Length': '5\r\nContent-Length: 6' }, 'hello!'],
    ['a length that is no number', { 'Content-Length': '+5' }, 'hello'],
    ['a coding behind the chunks', { 'Transfer-Encoding': 'chunked, gzip' }, '0\r\n\r\n'],
    ['a chunk of no size', { 'Transfer-Encoding': 'chunked' }, 'x5\r\nhello\r\n0\r\n\r\n'],
    ['a header that is folded', { 'X-Folded': 'a\r\n b' }, ''],
  ])('reads no second request out of a body with %s', async (_, headers, body) => {
    const connection = await RawConnection.open(service.url)
    const hidden = requestHead('GET', '/version')
    await connection.send(requestHead('POST', '/assign', headers) + body + hidden)
    const answer = await connection.answer()
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'invalid_request' })
    await expect(connection.answer()).rejects.toThrow()
  })

  it('answers requests in a row in their order, and what is broken after them at last', async () => {
    await startExperiment(service)
    const units = Array.from({ length: 3_000 }, (_, unit) => `u-${unit}`)
    await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
    const body = JSON.stringify({ experiment: 'spring-email', unit: 'u-1' })
    const requests = [
      requestHead('GET', '/experiments/spring-email/assignments.ndjson'),
      requestHead('POST', '/assign', { 'Content-Length': body.length }) + body,
      'HELLO\r\n\r\n',
      'and more of it\r\n\r\n',
    ].map(text => ({ pieces: [Buffer.from(text)], isHead: false, isLoose: false, patienceMs: null }))
    const answers = (await new Line(service.url).sendPipelined(requests)).map(outcome => {
      if (outcome.kind !== 'answer') throw new Error(`There was no answer: ${outcome.kind}`)
      return { status: outcome.answer.status, text: outcome.answer.body.toString() }
    })
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400])
    expect(answers[0]?.text.trimEnd().split('\n')).toHaveLength(3_000)
    expect(JSON.parse(answers[1]?.text ?? '')).toMatchObject({ unit: 'u-1', reason: 'kept' })
  })

  it('takes a body that comes byte by byte, and an address with the host in it', async () => {
    const connection = await RawConnection.open(service.url)
    const body = JSON.stringify({ weights: {} })
    await connection.send(requestHead('POST', 'http://localhost/simulate', { 'Content-Length': body.length }))
    for (const byte of body) await connection.send(byte)
    expect(JSON.parse((await connection.answer()).text)).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  it('takes a request of HTTP/1.0 without Host', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send('GET /livez HTTP/1.0\r\n\r\n')
    expect((await connection.answer()).status).toBe(200)
  })
})
