import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectBalance } from '../../support/book.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const SINGLE = 'application/cloudevents+json'
const BATCH = 'application/cloudevents-batch+json'

let service: Service
let ids = 0

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, {
    metrics: [
      { key: 'com.example.order', type: 'continuous', range: [0, 1e6], role: 'primary' },
      { key: 'visit', type: 'binary' },
    ],
  })
  const units = ['u', 'a b%', 'é']
  await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
})

afterAll(async () => {
  await expectBalance(service)
  await service.close()
})

type Event = Readonly<Record<string, unknown>>

/** An event of its own, changed as the test needs. */
const event = (changes: Event = {}): Event => ({
  specversion: '1.0',
  id: `e-${++ids}`,
  source: 'https://shop.example/orders',
  type: 'com.example.order',
  subject: 'u',
  time: new Date(NOON).toISOString(),
  ...changes,
})

const post = (body: unknown, type: string, headers: Record<string, string> = {}) =>
  service.call('POST', '/v1/events', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), {
    'content-type': type,
    ...headers,
  })

const statusOf = async (body: Event) => (await post(body, SINGLE)).body.results[0].status

async function spent(): Promise<number> {
  const { body } = await service.call('GET', '/experiments/spring-email/snapshots')
  const tallies = body.snapshots.flatMap(({ tallies }: { tallies: object }) => Object.values(tallies))
  return tallies.reduce((sum: number, tally: { sum: number }) => sum + tally.sum, 0)
}

describe('POST /v1/events', () => {
  it.each<[data: unknown, value: number]>([
    [{ value: 20 }, 20],
    [{ value: null }, 1],
    [{}, 1],
    [undefined, 1],
    ['text', 1],
  ])('records an event with the data %j', async (data, value) => {
    const before = await spent()
    const answer = await post(event({ data, datacontenttype: 'application/json', extension: 'x' }), SINGLE)
    expect(answer.body).toMatchObject({ success: true, recorded: 1, results: [{ status: 'recorded' }] })
    expect((await spent()) - before).toBe(value)
  })

  it('takes a binary message, whose attributes are percent-encoded headers', async () => {
    const before = await spent()
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'binary-1',
      'ce-source': '/shop',
      'ce-type': 'com.example.order',
      'ce-subject': 'a%20b%25',
      'ce-time': new Date(NOON).toISOString(),
    }
    expect((await post({ value: 7 }, 'application/json', headers)).body).toMatchObject({ recorded: 1 })
    expect((await post({ value: 7 }, 'application/json', headers)).body).toMatchObject({ duplicate: 1 })
    const accented = { ...headers, 'ce-id': 'binary-2', 'ce-subject': '%C3%A9' }
    expect((await post('', 'application/json', accented)).body).toMatchObject({ recorded: 1 })
    expect((await spent()) - before).toBe(8)
    expectProblem(await post('{}', 'application/json', { ...headers, 'ce-subject': '%zz' }), 400, 'invalid_request')
  })

  it('takes a batch, and answers each event in its place', async () => {
    const twice = event()
    const events = [twice, event({ type: 'other' }), twice, event({ specversion: '0.3' }), 17, event({ subject: 'x' })]
    const { status, body } = await post(events, BATCH)
    expect(status).toBe(200)
    expect(body.results.map((result: Event) => result.status)).toEqual([
      'recorded',
      'ignored',
      'duplicate',
      'rejected',
      'rejected',
      'unassigned',
    ])
    expect(body).toMatchObject({ recorded: 1, ignored: 1, duplicate: 1, rejected: 2, unassigned: 1, moreErrors: 0 })
    expect(body.errors).toEqual([
      { index: 3, code: 'invalid_request', message: 'specversion must be "1.0"' },
      { index: 4, code: 'invalid_request', message: 'the event must be an object' },
    ])
  })

  it('tells events apart by source and id together', async () => {
    const first = event()
    expect(await statusOf(first)).toBe('recorded')
    expect(await statusOf(first)).toBe('duplicate')
    expect(await statusOf({ ...first, source: 'https://shop.example/returns' })).toBe('recorded')
    const long = event({ source: `https://shop.example/${'x'.repeat(300)}` })
    expect(await statusOf(long)).toBe('recorded')
    expect(await statusOf(long)).toBe('duplicate')
    expect(await statusOf({ ...long, source: `${long.source}y` })).toBe('recorded')
  })

  it('dates an event by its time', async () => {
    expect(await statusOf(event({ time: new Date(NOON - 1_000).toISOString() }))).toBe('late')
    expect(await statusOf(event({ time: '2026-01-05T13:00:00+01:00' }))).toBe('recorded')
    expect(await statusOf(event({ time: '2026-01-05t12:00:00z' }))).toBe('recorded')
    expect(await statusOf(event({ time: undefined }))).toBe('recorded')
  })

  it('ignores a type that no experiment measures', async () => {
    expect(await statusOf(event({ type: 'com.example.other', id: 17, subject: undefined }))).toBe('ignored')
    expect(await statusOf(event({ type: 'Visit' }))).toBe('recorded')
  })

  it.each<[changes: Event, message: RegExp]>([
    [{ specversion: '0.3' }, /specversion/],
    [{ specversion: undefined }, /specversion/],
    [{ id: undefined }, /^id is missing/],
    [{ source: '' }, /^source must be text/],
    [{ subject: undefined }, /^unit is missing/],
    [{ type: 17 }, /^type must be text/],
    [{ type: undefined }, /^type is missing/],
    [{ time: '2026-01-05T12:00:00' }, /^at has no time zone/],
    [{ data: { value: '20' } }, /^value must be a number/],
    [{ data: undefined, data_base64: 'eyJ2YWx1ZSI6MjB9' }, /data_base64/],
    [{ time: 'yesterday' }, /^at must be a time/],
  ])('rejects %j', async (changes, message) => {
    const answer = await post(event(changes), SINGLE)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toMatch(message)
  })

  it('refuses what is no CloudEvent', async () => {
    expectProblem(await post(event(), 'application/json'), 415, 'unsupported_media_type')
    expectProblem(await post(event(), BATCH), 400, 'invalid_request')
    expectProblem(await post([event()], SINGLE), 400, 'invalid_request')
    expectProblem(await post('{', SINGLE), 400, 'invalid_json')
  })
})
