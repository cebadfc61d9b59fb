import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BATCH_LIMIT, BODY_LIMIT } from '../../../src/http/middleware/body.ts'
import { bookOf, expectBalance } from '../../support/book.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
})

afterAll(async () => {
  await expectBalance(service)
  await service.close()
})

const FORM = 'application/x-www-form-urlencoded'

const send = (path: string, body: Uint8Array, encoding: string, type = 'application/json') =>
  service.call('POST', path, body, { 'content-type': type, 'content-encoding': encoding })

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('a compressed body', () => {
  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is unpacked: %s', async (encoding, pack) => {
    const unit = `u-${encoding}`
    const assigned = await send('/assign', pack(bytesOf({ experiment: 'spring-email', unit })), encoding)
    expect(assigned.body).toMatchObject({ unit, reason: 'assigned' })
    const batch = { experiment: 'spring-email', units: [unit] }
    expect((await send('/assign/batch', pack(bytesOf(batch)), encoding)).body.assignments).toHaveLength(1)
    const reward = await send('/rewards', pack(bytesOf({ unit, metric: 'visit' })), encoding)
    expect(reward.body).toMatchObject({ recorded: 1 })
    const form = await send('/rewards', pack(Buffer.from(`unit=${unit}&metric=visit`)), encoding, FORM)
    expect(form.body).toMatchObject({ recorded: 1 })
  })

  it('may be as large as one that is not, and no larger', async () => {
    const full = (limit: number) => {
      const text = JSON.stringify({ experiment: 'spring-email', unit: 'large' })
      return Buffer.from(text.padEnd(limit))
    }
    expect((await send('/assign', gzipSync(full(BODY_LIMIT)), 'gzip')).status).toBe(200)
    expectProblem(await send('/assign', gzipSync(full(BODY_LIMIT + 1)), 'gzip'), 413, 'body_too_large')
  })

  it('is not unpacked beyond the limit, however far it would go', async () => {
    const before = await bookOf(service)
    const bomb = Buffer.alloc(8 * BATCH_LIMIT)
    for (const [encoding, packed] of [
      ['gzip', gzipSync(bomb, { level: 1 })],
      ['br', brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    ] as const) {
      expect(packed.length).toBeLessThan(bomb.length / 100)
      expectProblem(await send('/rewards', packed, encoding), 413, 'body_too_large')
      expectProblem(await send('/v1/batch', packed, encoding), 413, 'body_too_large')
    }
    expect(await bookOf(service)).toEqual(before)
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is refused when it is not %s, or is cut off', async (encoding, pack) => {
    expectProblem(await send('/rewards', Buffer.from('{}'), encoding), 400, 'invalid_request')
    expectProblem(
      await send('/rewards', pack(bytesOf({ unit: 'u' })).subarray(0, -3), encoding),
      400,
      'invalid_request',
    )
  })

  it('may be nothing at all', async () => {
    expect((await send('/experiments/spring-email/start', Buffer.alloc(0), 'gzip')).status).toBe(200)
  })

  it('is no stream', async () => {
    const lines = gzipSync(bytesOf({ unit: 'u', metric: 'visit' }))
    const answer = await send('/rewards', lines, 'gzip', 'application/x-ndjson')
    expectProblem(answer, 415, 'unsupported_media_type')
  })
})
