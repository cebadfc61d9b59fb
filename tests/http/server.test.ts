// What Node or express would refuse before any handler sees it is told as a problem too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection, requestHead } from '../support/raw-http.ts'
import { type Service, startService } from '../support/service.ts'

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

  it('takes a request of HTTP/1.0 without Host', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send('GET /livez HTTP/1.0\r\n\r\n')
    expect((await connection.answer()).status).toBe(200)
  })
})
