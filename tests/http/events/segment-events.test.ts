import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

const store = faultyStore()
let service: Service

beforeEach(async () => {
  store.isDown = false
  store.failsOn = 0
  service = await startService({ wrapStore: store.wrapStore })
  await startExperiment(service, {
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary', window: '1d' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
      { key: 'order-completed', type: 'binary' },
      { key: 'sign_up', type: 'binary' },
    ],
  })
  await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: ['u', 'v'] })
})

afterEach(async () => {
  store.isDown = false
  await expectBalance(service)
  await service.close()
})

type Event = Readonly<Record<string, unknown>>

const track = (event: Event) => service.call('POST', '/v1/track', event)
const batch = (events: readonly unknown[], more: Event = {}) =>
  service.call('POST', '/v1/batch', { batch: events, ...more })
const visit = (more: Event = {}) => ({ type: 'track', event: 'visit', userId: 'u', ...more })
const instant = (at: number) => new Date(at).toISOString()

async function statusOf(event: Event): Promise<string> {
  const { status, text, body } = await track(event)
  expect(status, text).toBe(200)
  expect(body.success).toBe(true)
  return body.results[0].status
}

async function sumOf(metric: string): Promise<number> {
  const { body } = await service.call('GET', `/experiments/spring-email/snapshots?metric=${metric}`)
  const tallies = body.snapshots.flatMap(({ tallies }: { tallies: object }) => Object.values(tallies))
  return tallies.reduce((sum: number, tally: { sum: number }) => sum + tally.sum, 0)
}

describe('POST /v1/track', () => {
  it('records a reward of the value 1', async () => {
    const answer = await track({ event: 'visit', userId: 'u', messageId: 'm-1' })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      success: true,
      recorded: 1,
      duplicate: 0,
      unassigned: 0,
      late: 0,
      rejected: 0,
      ignored: 0,
      results: [{ status: 'recorded' }],
    })
    expect(await sumOf('visit')).toBe(1)
  })

  it.each<[properties: unknown, spent: number]>([
    [{ value: 20, revenue: 30 }, 20],
    [{ value: null, revenue: 30 }, 30],
    [{ revenue: 12.5 }, 12.5],
    [{ value: 0, revenue: 30 }, 0],
    [{ colour: 'blue' }, 1],
    [undefined, 1],
    [null, 1],
  ])('takes the value from the properties %j', async (properties, spent) => {
    expect(await statusOf({ event: 'spend', userId: 'u', properties })).toBe('recorded')
    expect(await sumOf('spend')).toBe(spent)
  })

  it('takes the user as the unit, or else the anonymous one', async () => {
    expect(await statusOf({ event: 'visit', userId: 'u', anonymousId: 'nobody' })).toBe('recorded')
    expect(await statusOf({ event: 'visit', userId: null, anonymousId: 'v' })).toBe('recorded')
    expect(await statusOf({ event: 'visit', userId: 'nobody', anonymousId: 'v' })).toBe('unassigned')
    expect(await statusOf({ event: 'visit', userId: '', anonymousId: 'v' })).toBe('recorded')
  })

  it.each<[name: string, status: string]>([
    ['order-completed', 'recorded'],
    ['Order Completed', 'recorded'],
    ['  Order — Completed! ', 'recorded'],
    ['sign_up', 'recorded'],
    ['Sign Up', 'ignored'],
    ['Page Viewed', 'ignored'],
    ['__proto__', 'ignored'],
  ])('knows the event %j by its name', async (event, status) => {
    expect(await statusOf({ event, userId: 'u' })).toBe(status)
  })

  it('ignores what no experiment measures, whatever is in it', async () => {
    expect(await statusOf({ event: 'Button Clicked', properties: { value: 'blue' } })).toBe('ignored')
  })

  it.each<[event: Event, path: RegExp]>([
    [{ event: 'visit' }, /^unit is missing/],
    [{ event: 'visit', userId: true }, /^unit must be a string or a whole number, not boolean/],
    [{ event: 'visit', userId: 1.5 }, /^unit must be a string or a whole number, not 1.5/],
    [{ event: 'visit', anonymousId: 2 ** 53 }, /^unit must be a string: beyond/],
    [{ event: 'visit', userId: '', anonymousId: '' }, /^unit must not be empty/],
    [{ userId: 'u' }, /^event is missing/],
    [{ event: '', userId: 'u' }, /^event must be the name of an event/],
    [{ event: 17, userId: 'u' }, /^event must be the name of an event/],
    [{ event: 'spend', userId: 'u', properties: 20 }, /^properties must be an object/],
    [{ event: 'visit', userId: 'u', timestamp: '2026-01-05T12:00:00' }, /^at has no time zone/],
    [{ event: 'visit', userId: 'u', properties: { value: '20' } }, /^value must be a number/],
    [{ event: 'visit', userId: 'u', messageId: 17 }, /^id must be a string/],
    [{ event: 'visit', userId: 'u', timestamp: 'yesterday' }, /^at must be a time/],
    [{ event: 'visit', userId: 'u', timestamp: instant(NOON + HOUR) }, /^at must not be in the future/],
  ])('rejects %j', async (event, message) => {
    const answer = await track(event)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toMatch(message)
    expect(await sumOf('visit')).toBe(0)
  })

  it('counts a messageId once', async () => {
    expect(await statusOf(visit({ messageId: 'm' }))).toBe('recorded')
    expect(await statusOf(visit({ messageId: 'm' }))).toBe('duplicate')
    const reward = await service.call('POST', '/rewards', { unit: 'u', metric: 'visit', id: 'm' })
    expect(reward.body.duplicate).toBe(1)
  })

  it('takes what sendBeacon sends', async () => {
    const headers = { 'content-type': 'text/plain;charset=UTF-8' }
    const beacon = (path: string, body: unknown) =>
      service.call('POST', path, Buffer.from(JSON.stringify(body)), headers)
    expect((await beacon('/v1/track', visit())).body).toMatchObject({ recorded: 1 })
    expect((await beacon('/v1/batch', { batch: [visit()] })).body).toMatchObject({ recorded: 1 })
    expect((await beacon('/rewards', { unit: 'u', metric: 'visit' })).body).toMatchObject({ recorded: 1 })
    const assign = await beacon('/assign', { experiment: 'spring-email', unit: 'u' })
    expectProblem(assign, 415, 'unsupported_media_type')
  })
})

describe('the time of an event', () => {
  const at = (event: Event) => statusOf(visit(event))

  it('is now when none is told', async () => {
    expect(await at({})).toBe('recorded')
    expect(await at({ sentAt: instant(NOON) })).toBe('recorded')
  })

  it('is what it says when it does not say when it was sent', async () => {
    expect(await at({ timestamp: instant(NOON - SECOND) })).toBe('late')
    expect(await at({ timestamp: instant(NOON) })).toBe('recorded')
    expect(await at({ originalTimestamp: instant(NOON - SECOND) })).toBe('late')
  })

  it.each([
    ['slow by a second', -SECOND],
    ['slow by a year', -365 * 24 * HOUR],
    ['fast by a year', 365 * 24 * HOUR],
  ])('is right by a clock that is %s', async (_, skew) => {
    service.now = NOON + 2 * HOUR
    const clock = (at: number) => instant(at + skew)
    const sentAt = clock(service.now)
    expect(await at({ timestamp: clock(NOON + HOUR), sentAt })).toBe('recorded')
    expect(await at({ originalTimestamp: clock(NOON + HOUR), sentAt })).toBe('recorded')
    expect(await at({ timestamp: clock(NOON + SECOND / 2), sentAt })).toBe('recorded')
    expect(await at({ timestamp: clock(NOON - SECOND), sentAt })).toBe('late')
    // The window is a day, so an hour after noon is in it and what was sent a day and an hour later
    // is not.
    service.now = NOON + 25 * HOUR
    expect(await at({ timestamp: clock(NOON + HOUR), sentAt: clock(service.now) })).toBe('recorded')
    expect(await at({ timestamp: clock(service.now), sentAt: clock(service.now) })).toBe('late')
  })

  it('is as corrected by a collector that passes it on', async () => {
    service.now = NOON + 25 * HOUR
    const wrong = { originalTimestamp: instant(0), sentAt: instant(SECOND), receivedAt: instant(NOON + HOUR + SECOND) }
    expect(await at({ ...wrong, timestamp: instant(NOON + HOUR) })).toBe('recorded')
  })

  it('of a batch is told by when the batch was sent', async () => {
    service.now = NOON + HOUR
    const slow = instant(NOON - HOUR)
    const { body } = await batch([visit({ timestamp: slow })], { sentAt: slow })
    expect(body.recorded).toBe(1)
    expect((await batch([visit({ timestamp: slow })])).body.late).toBe(1)
  })
})

describe('POST /v1/batch', () => {
  it('records track calls and ignores all others, in their order', async () => {
    const { body } = await batch([
      { type: 'identify', userId: 'u', traits: {} },
      visit({ messageId: 'a' }),
      { type: 'page', event: 'visit', userId: 'u' },
      visit({ messageId: 'a' }),
      visit({ userId: 'nobody' }),
      visit({ userId: '' }),
      { type: 'track', event: 'Page Viewed', userId: 'u' },
      null,
      17,
      { event: 'visit', userId: 'u' },
      { type: 'Track', event: 'visit', userId: 'u' },
    ])
    const expected = [
      'ignored',
      'recorded',
      'ignored',
      'duplicate',
      'unassigned',
      'rejected',
      'ignored',
      ...Array.from({ length: 4 }, () => 'rejected'),
    ]
    expect(body.results.map(({ status }: { status: string }) => status)).toEqual(expected)
    expect(body).toMatchObject({ success: true, recorded: 1, duplicate: 1, unassigned: 1, rejected: 5, ignored: 3 })
    expect(body.results[5]).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('unit') })
  })

  it('may be empty', async () => {
    expect((await batch([])).body).toMatchObject({ success: true, results: [] })
  })

  it('has the whole batch sent again when the store fails within it, and counts each event once', async () => {
    const events = Array.from({ length: 1_200 }, (_, n) => visit({ messageId: `m-${n}`, properties: { value: 1 } }))
    store.failsOn = 2
    expectProblem(await batch(events), 503, 'store_unavailable')
    const { body } = await batch(events)
    expect(body.recorded + body.duplicate).toBe(1_200)
    expect(body.duplicate).toBeGreaterThan(0)
    expect((await batch(events)).body).toMatchObject({ recorded: 0, duplicate: 1_200 })
  })

  it.each([undefined, {}, [], { batch: null }, { batch: {} }, 'batch'])('refuses the body %j', async body => {
    const answer = await service.call('POST', '/v1/batch', body === 'batch' ? Buffer.from('"batch"') : body, {
      'content-type': 'application/json',
    })
    expectProblem(answer, 400, 'invalid_request')
  })
})

describe('events that could not be used', () => {
  const bad: [event: unknown, message: RegExp][] = [
    [null, /the event must be an object/],
    [[visit()], /the event must be an object/],
    [visit({ type: undefined }), /type is missing/],
    [visit({ type: 'Track' }), /type must be one of track, identify/],
    [visit({ event: undefined }), /event is missing/],
    [visit({ userId: undefined }), /unit is missing/],
    [visit({ userId: 17.5 }), /unit must be a string or a whole number, not 17.5/],
    [visit({ userId: 'x'.repeat(257) }), /unit must have at most 256 characters/],
    [visit({ properties: 'value=20' }), /properties must be an object/],
    [visit({ properties: { value: '20' } }), /value must be a number/],
    [visit({ properties: { revenue: true } }), /value must be a number/],
    [visit({ properties: { value: 1e13 } }), /value must be a finite number within/],
    [visit({ messageId: 17 }), /id must be a string/],
    [visit({ timestamp: '2026-01-05T12:00:00' }), /at has no time zone; write 2026-11-22T10:05:00Z/],
    [visit({ timestamp: instant(NOON + HOUR) }), /at must not be in the future/],
  ]

  it('are named with their places and reasons, in an answer of the status 200', async () => {
    const events = bad.flatMap(([event]) => [event, visit()])
    const { status, body } = await batch(events)
    expect(status).toBe(200)
    expect(body).toMatchObject({ success: true, recorded: bad.length, rejected: bad.length, moreErrors: 0 })
    expect(body.errors.map(({ index }: { index: number }) => index)).toEqual(bad.map((_, position) => 2 * position))
    for (const [position, [, message]] of bad.entries()) {
      expect(body.errors[position]).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message) })
      expect(body.results[2 * position]).toMatchObject({ status: 'rejected' })
    }
  })

  it('are named up to a hundred, with the number of the others', async () => {
    const events = Array.from({ length: 250 }, (_, n) => (n % 2 === 0 ? visit({ userId: '' }) : visit()))
    const { body } = await batch(events)
    expect(body).toMatchObject({ recorded: 125, rejected: 125, moreErrors: 25 })
    expect(body.errors).toHaveLength(100)
    expect(body.errors.at(-1)).toMatchObject({ index: 198 })
  })

  it('are not there where all could be used, or are nobody’s', async () => {
    const { body } = await batch([
      visit(),
      visit({ userId: 'nobody' }),
      visit({ event: 'Page Viewed' }),
      { type: 'page' },
    ])
    expect(body).toMatchObject({ recorded: 1, unassigned: 1, ignored: 2, rejected: 0 })
    expect(body).not.toHaveProperty('errors')
    expect(body).not.toHaveProperty('moreErrors')
  })

  it('are counted, and so are those that no experiment measures', async () => {
    await batch([visit({ userId: '' }), visit({ type: 'Track' }), visit({ event: 'Page Viewed' }), { type: 'page' }])
    await track(visit({ userId: 1.5 }))
    await track(visit({ event: 'Page Viewed' }))
    const { text } = await service.call('GET', '/metrics')
    expect(text).toContain('pinwheel_rewards_rejected_total{code="invalid_request"} 3\n')
    expect(text).toContain('pinwheel_events_ignored_total 3\n')
  })
})

describe('the calls that measure nothing', () => {
  it.each(['identify', 'group', 'alias', 'page', 'screen'])('are taken: /v1/%s', async type => {
    const answer = await service.call('POST', `/v1/${type}`, { userId: 'u', event: 'visit' })
    expect(answer).toMatchObject({ status: 200, body: { success: true } })
    expect(await sumOf('visit')).toBe(0)
  })
})
