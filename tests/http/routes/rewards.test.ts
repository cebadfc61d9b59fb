import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const TOLERANCE = 5 * 60_000

const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const SPEND = { key: 'spend', type: 'continuous', range: [0, 500] }

const store = faultyStore()
let service: Service

beforeEach(async () => {
  store.isDown = false
  service = await startService({ wrapStore: store.wrapStore })
})

afterEach(async () => {
  store.isDown = false
  await expectBalance(service)
  await service.close()
})

type Event = Readonly<Record<string, unknown>>

const post = (body: unknown) => service.call('POST', '/rewards', body)

/** The status of one event that is not rejected. */
async function reward(event: Event): Promise<string> {
  const { status, text, body } = await post(event)
  expect(status, text).toBe(200)
  const [result] = body.results
  expect(body).toEqual(summary([result]))
  return result.status
}

function summary(results: readonly { status: string; clipped?: true }[]) {
  const count = (wanted: string) => results.filter(({ status }) => status === wanted).length
  const statuses = ['recorded', 'duplicate', 'unassigned', 'late', 'rejected']
  return { ...Object.fromEntries(statuses.map(status => [status, count(status)])), results }
}

async function assign(unit: string, experiment = 'spring-email') {
  const answer = await service.call('POST', '/assign', { experiment, unit })
  expect(answer.body?.reason, answer.text).toBe('assigned')
}

async function changeTo(status: 'start' | 'pause' | 'stop', experiment = 'spring-email') {
  const answer = await service.call('POST', `/experiments/${experiment}/${status}`)
  expect(answer.status, answer.text).toBe(200)
}

/** Everything that the ledger has counted for a metric. */
async function counted(metric: string, experiment = 'spring-email') {
  const { body } = await service.call('GET', `/experiments/${experiment}/snapshots?metric=${metric}`)
  const total = { units: 0, sum: 0, sumOfSquares: 0 }
  for (const { tallies } of body.snapshots) {
    for (const tally of Object.values<typeof total>(tallies)) {
      total.units += tally.units
      total.sum += tally.sum
      total.sumOfSquares += tally.sumOfSquares
    }
  }
  return total
}

const instant = (at: number) => new Date(at).toISOString()

describe('POST /rewards', () => {
  it('records an event of a unit, with the value 1 unless it has another', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u-17')
    const answer = await post({ unit: 'u-17', metric: 'visit' })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual(summary([{ status: 'recorded' }]))
    expect(await reward({ unit: 'u-17', metric: 'spend', value: 12.5 })).toBe('recorded')
    expect(await counted('visit')).toEqual({ units: 1, sum: 1, sumOfSquares: 1 })
    expect(await counted('spend')).toEqual({ units: 1, sum: 12.5, sumOfSquares: 156.25 })
  })

  it('takes the event of the interface whole', async () => {
    await startExperiment(service)
    service.now = Date.UTC(2026, 10, 22, 10)
    await assign('u-17')
    service.now += HOUR
    const event = { unit: 'u-17', metric: 'visit', value: 1, experiment: 'spring-email', id: 'evt-991' }
    expect(await reward({ ...event, at: '2026-11-22T10:05:00Z' })).toBe('recorded')
  })

  it('takes a form as curl -d sends it', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u 17')
    expect((await post('unit=u+17&metric=visit')).body).toEqual(summary([{ status: 'recorded' }]))
    const whole = 'unit=u%2017&metric=spend&value=-1.25e1&experiment=spring-email&id=e%261&at=2026-01-05T12:00:00Z'
    expect((await post(whole)).body).toEqual(summary([{ status: 'recorded', clipped: true }]))
    expect((await post(whole)).body).toEqual(summary([{ status: 'duplicate' }]))
    expect((await post('unit=u+17&metric=spend&value=20')).body).toMatchObject({ recorded: 1 })
    expect(await counted('spend')).toMatchObject({ sum: 7.5 })
  })

  it('has the event on disk before it answers', async () => {
    await startExperiment(service)
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('recorded')
    service = await service.restart()
    expect(await counted('visit')).toMatchObject({ sum: 1 })
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('duplicate')
  })

  it('answers 503 while the store fails, keeps nothing, and a retry with an id counts once', async () => {
    await startExperiment(service)
    await assign('u')
    const before = await bookOf(service)
    store.isDown = true
    const answer = await post({ unit: 'u', metric: 'visit', id: 'e' })
    expectProblem(answer, 503, 'store_unavailable')
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expectProblem(await post([{ unit: 'u', metric: 'visit' }]), 503, 'store_unavailable')
    store.isDown = false
    expect(await bookOf(service)).toEqual(before)
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('recorded')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('duplicate')
  })
})

describe('POST /rewards with a list', () => {
  it('answers each event in its place, and records the good ones whatever the others are', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    service.now += HOUR
    const { status, body } = await post([
      { unit: 'u', metric: 'visit', id: 'a' },
      { unit: 'u', metric: 'nothing' },
      { unit: 'nobody', metric: 'visit' },
      { unit: 'u', metric: 'visit', id: 'a' },
      17,
      { unit: 'u', metric: 'spend', value: 5, at: instant(NOON - 1) },
      { unit: 'u', metric: 'spend', value: '5' },
      { unit: 'u', metric: 'spend', value: 5, experiment: 'nobody' },
      { unit: 'u', metric: 'spend', value: 5, typo: 1 },
      { unit: 'u', metric: 'spend', value: 7 },
    ])
    expect(status).toBe(200)
    const rejected = (code: string, message: RegExp) => ({
      status: 'rejected',
      code,
      message: expect.stringMatching(message),
    })
    expect(body).toEqual(
      summary([
        { status: 'recorded' },
        rejected('metric_not_found', /nothing/),
        { status: 'unassigned' },
        { status: 'duplicate' },
        rejected('invalid_request', /object/),
        { status: 'late' },
        rejected('invalid_request', /value/),
        rejected('experiment_not_found', /nobody/),
        rejected('invalid_request', /typo/),
        { status: 'recorded' },
      ]),
    )
    expect(await counted('visit')).toMatchObject({ sum: 1 })
    expect(await counted('spend')).toMatchObject({ sum: 7 })
  })

  it('takes none, and thousands', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    expect((await post([])).body).toEqual(summary([]))
    const events = Array.from({ length: 3_000 }, (_, event) => ({
      unit: 'u',
      metric: 'spend',
      value: 0.125,
      id: `e${event}`,
    }))
    expect((await post(events)).body).toMatchObject({ recorded: 3_000, rejected: 0 })
    expect(await counted('spend')).toMatchObject({ sum: 375 })
    expect((await post(events)).body).toMatchObject({ recorded: 0, duplicate: 3_000 })
  })

  it('lets others have their turn while it takes in a long one', async () => {
    let isAnswered = false
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(Array.from({ length: 20_000 }, () => 1))
    // fetch resolves with the head of the answer: what others are told while the rest comes shows
    // nothing.
    const list = fetch(`${service.url}/rewards`, { method: 'POST', headers, body }).finally(() => {
      isAnswered = true
    })
    let others = 0
    for (; !isAnswered; others++) await service.call('GET', '/livez')
    expect(await (await list).json()).toMatchObject({ rejected: 20_000 })
    expect(others).toBeGreaterThan(5)
  })
})

describe('POST /rewards, unassigned', () => {
  it('is what most events of a product are', async () => {
    await startExperiment(service)
    const before = await bookOf(service)
    expect(await reward({ unit: 'nobody', metric: 'visit' })).toBe('unassigned')
    expect(await reward({ unit: 'nobody', metric: 'visit', experiment: 'spring-email' })).toBe('unassigned')
    expect(await bookOf(service)).toEqual(before)
  })

  it('is an event for a draft', async () => {
    await service.call('POST', '/experiments', emailDefinition())
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('unassigned')
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'spring-email' })).toBe('unassigned')
  })

  it('is an event for a unit that came while the experiment was paused', async () => {
    await startExperiment(service)
    await changeTo('pause')
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('unassigned')
  })
})

describe('POST /rewards, late', () => {
  it.each([
    ['1 ms before the assignment', -1, 'late'],
    ['at the assignment', 0, 'recorded'],
    ['1 ms after the assignment', 1, 'recorded'],
    ['at the end of the window', 2 * DAY, 'recorded'],
    ['1 ms after the window', 2 * DAY + 1, 'late'],
  ])('is told by the date of the event: %s', async (_name, offset, expected) => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: '2d' }] })
    await assign('u')
    service.now = NOON + 30 * DAY
    expect(await reward({ unit: 'u', metric: 'visit', at: instant(NOON + offset) })).toBe(expected)
    expect(await counted('visit')).toMatchObject({ units: 1, sum: expected === 'recorded' ? 1 : 0 })
  })

  it.each([
    ['at the end of the window', 2 * DAY, 'recorded'],
    ['1 ms after the window', 2 * DAY + 1, 'late'],
  ])('is told by the clock where an event has no date: %s', async (_name, offset, expected) => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: '48h' }] })
    await assign('u')
    service.now = NOON + offset
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe(expected)
  })

  it('never comes where there is no window, however long it takes', async () => {
    await startExperiment(service)
    await assign('u')
    service.now = NOON + 3_000 * DAY
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('recorded')
  })

  it('goes by the window of each metric', async () => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: '1h' }, SPEND] })
    await assign('u')
    service.now += HOUR + 1
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('late')
    expect(await reward({ unit: 'u', metric: 'spend', value: 3 })).toBe('recorded')
  })

  it('is an event of 1970', async () => {
    await startExperiment(service)
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', at: '1970-01-01T00:00:00Z' })).toBe('late')
    expect(await reward({ unit: 'u', metric: 'visit', at: '0001-01-01T00:00:00Z' })).toBe('late')
    expect(await counted('visit')).toMatchObject({ sum: 0 })
  })

  it('is stored, so the same id is a duplicate, although its new date would count', async () => {
    await startExperiment(service)
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e', at: instant(NOON - 1) })).toBe('late')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e', at: instant(NOON) })).toBe('duplicate')
    expect(await counted('visit')).toMatchObject({ sum: 0 })
  })

  it.each([
    ['with an offset', '2026-01-05T14:00:00+02:00', 'recorded'],
    ['with an offset, too early', '2026-01-05T13:59:59.999+02:00', 'late'],
    ['with digits beyond milliseconds', '2026-01-05T12:00:00.000999999Z', 'recorded'],
  ])('reads dates %s', async (_name, at, expected) => {
    await startExperiment(service)
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', at })).toBe(expected)
  })
})

describe('POST /rewards, rejected', () => {
  it('is a date over 5 minutes in the future: clocks differ, but not so much', async () => {
    await startExperiment(service)
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', at: instant(NOON + TOLERANCE) })).toBe('recorded')
    const before = await bookOf(service)
    const answer = await post({ unit: 'u', metric: 'visit', at: instant(NOON + TOLERANCE + 1) })
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toMatch(/future/)
    expect(await bookOf(service)).toEqual(before)
  })

  it.each([
    ['an unknown metric', { metric: 'nothing' }, 'metric_not_found'],
    ['an unknown metric of an experiment', { metric: 'spend', experiment: 'spring-email' }, 'metric_not_found'],
    ['an unknown experiment', { metric: 'visit', experiment: 'nobody' }, 'experiment_not_found'],
    ['a metric named as JavaScript names things', { metric: 'constructor' }, 'metric_not_found'],
    ['a metric named as prototypes are', { metric: '__proto__' }, 'metric_not_found'],
    ['an experiment named as prototypes are', { metric: 'visit', experiment: '__proto__' }, 'experiment_not_found'],
  ])('is %s: 400 for a single event, JSON or form', async (_name, event, code) => {
    await startExperiment(service)
    await startExperiment(service, { key: 'other', metrics: [VISIT, SPEND] })
    await assign('u')
    const before = await bookOf(service)
    expectProblem(await post({ unit: 'u', ...event }), 400, code)
    expectProblem(await post(new URLSearchParams({ unit: 'u', ...event }).toString()), 400, code)
    expect(await bookOf(service)).toEqual(before)
  })

  // The catalogue remembers the metrics that a draft had before it was changed, until the service
  // is started anew.
  it('is a metric that no experiment has any more', async () => {
    await service.call('POST', '/experiments', emailDefinition())
    await service.call('PUT', '/experiments/spring-email', emailDefinition({ metrics: [{ ...VISIT, key: 'click' }] }))
    expectProblem(await post({ unit: 'u', metric: 'visit' }), 400, 'metric_not_found')
  })
})

describe('POST /rewards, duplicate', () => {
  it('is the same id again, for ever', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    const event = { unit: 'u', metric: 'spend', value: 5, id: 'e' }
    expect(await reward(event)).toBe('recorded')
    expect(await reward(event)).toBe('duplicate')
    expect(await reward({ ...event, value: 70 })).toBe('duplicate')
    service = await service.restart()
    service.now += 1_000 * DAY
    expect(await reward(event)).toBe('duplicate')
    await changeTo('stop')
    expect(await reward({ ...event, experiment: 'spring-email' })).toBe('duplicate')
    expect(await counted('spend')).toMatchObject({ sum: 5 })
  })

  it('is told of each metric by itself', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('recorded')
    expect(await reward({ unit: 'u', metric: 'spend', id: 'e', value: 5 })).toBe('recorded')
    expect(await reward({ unit: 'u', metric: 'spend', id: 'e', value: 5 })).toBe('duplicate')
  })

  it('is the same id of another unit, too', async () => {
    await startExperiment(service)
    await assign('u')
    await assign('v')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('recorded')
    expect(await reward({ unit: 'v', metric: 'visit', id: 'e' })).toBe('duplicate')
    expect(await counted('visit')).toMatchObject({ units: 2, sum: 1 })
  })

  it('is never an event without an id', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    for (let n = 0; n < 3; n++) expect(await reward({ unit: 'u', metric: 'spend', value: 5 })).toBe('recorded')
    expect(await counted('spend')).toMatchObject({ sum: 15 })
  })

  it('counts once, however many come at the same time', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    const event = { unit: 'u', metric: 'spend', value: 5, id: 'e' }
    const statuses = await Promise.all(Array.from({ length: 30 }, () => reward(event)))
    expect(statuses.filter(status => status === 'recorded')).toHaveLength(1)
    expect(statuses.filter(status => status === 'duplicate')).toHaveLength(29)
    expect(await counted('spend')).toMatchObject({ sum: 5 })
  })

  it('takes any text of 1 to 256 characters as an id', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    await assign('u')
    for (const id of ['__proto__', '😀'.repeat(256), ' ', '0', 'null', "'; --", '\u0001']) {
      expect(await reward({ unit: 'u', metric: 'visit', id }), id).toBe('recorded')
      expect(await reward({ unit: 'u', metric: 'visit', id }), id).toBe('duplicate')
    }
  })
})

describe('the outcome of a unit', () => {
  it.each([
    ['nothing', [], 0],
    ['one event', [1], 1],
    ['several events', [1, 1, 1], 1],
    ['a large value', [250], 1],
    ['a small value', [1e-9], 1],
    ['0', [0], 0],
    ['a negative value', [-1], 0],
    ['an event and its correction', [1, -1], 0],
    ['a correction before its event', [-1, 1], 0],
    ['one of two events corrected', [1, 1, -1], 1],
    ['an event after a correction of two', [1, -2, 1], 0],
    ['an event that was corrected, and came again', [1, -1, 1], 1],
  ])('is, for a binary metric, whether its values sum to more than 0: %s', async (_name, values, outcome) => {
    await startExperiment(service)
    await assign('u')
    for (const value of values) expect(await reward({ unit: 'u', metric: 'visit', value })).toBe('recorded')
    expect(await counted('visit')).toEqual({ units: 1, sum: outcome, sumOfSquares: outcome })
    const { body } = await service.call('GET', '/experiments/spring-email/report')
    expect(body.arms.reduce((sum: number, arm: { successes: number }) => sum + arm.successes, 0)).toBe(outcome)
  })

  it.each([
    ['nothing', [], [0, 500], 0],
    ['a sum', [12.5, 7.5], [0, 500], 20],
    ['clipped above', [600], [0, 500], 500],
    ['clipped above as a total, not event by event', [300, 300], [0, 500], 500],
    ['a refund from the total before it was clipped', [300, 300, -50], [0, 500], 500],
    ['a refund that brings the total back into the range', [300, 300, -200], [0, 500], 400],
    ['a refund of it all', [49.5, -49.5], [0, 500], 0],
    ['a refund of more', [10, -30], [0, 500], 0],
    ['a refund first', [-30, 100], [0, 500], 70],
    ['a range with losses', [-3, -4], [-5, 5], -5],
    ['a range with losses, none yet', [], [-5, 5], 0],
    ['a range above 0, nothing yet', [], [10, 20], 10],
    ['a range above 0', [12], [10, 20], 12],
    ['a range below 0, nothing yet', [], [-20, -10], -10],
    ['the largest values', [1e12, 1e12, -1e12], [0, 500], 500],
    ['the ends of the range', [500], [0, 500], 500],
  ])('is, for a continuous metric, its total clipped to the range: %s', async (_name, values, range, outcome) => {
    await startExperiment(service, { metrics: [VISIT, { ...SPEND, range }] })
    await assign('u')
    for (const value of values) expect(await reward({ unit: 'u', metric: 'spend', value })).toBe('recorded')
    expect(await counted('spend')).toEqual({ units: 1, sum: outcome, sumOfSquares: outcome ** 2 })
  })

  it('leaves late, duplicate and rejected values out', async () => {
    await startExperiment(service, { metrics: [VISIT, { ...SPEND, window: '1h' }] })
    await assign('u')
    const event = { unit: 'u', metric: 'spend', value: 5, id: 'e' }
    await post([event, event, { ...event, id: 'f', at: instant(NOON - 1) }, { ...event, id: 'g', value: null }])
    service.now += 2 * HOUR
    await post([{ ...event, id: 'h' }])
    expect(await counted('spend')).toMatchObject({ sum: 5 })
  })
})

describe('an event for several experiments', () => {
  /** The unit is in four experiments of five; only the first has spend. */
  beforeEach(async () => {
    await startExperiment(service, { key: 'running', metrics: [VISIT, SPEND] })
    for (const key of ['paused', 'stopped', 'closed']) {
      await startExperiment(service, { key, metrics: [{ ...VISIT, window: key === 'closed' ? '1h' : '2d' }] })
    }
    await startExperiment(service, { key: 'without-unit' })
    await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
    for (const key of ['running', 'paused', 'stopped', 'closed']) await assign('u', key)
    await changeTo('pause', 'paused')
    await changeTo('stop', 'stopped')
    await changeTo('stop', 'closed')
    service.now += DAY
  })

  const sums = async () => {
    const keys = ['running', 'paused', 'stopped', 'closed', 'without-unit']
    return Promise.all(keys.map(async key => (await counted('visit', key)).sum))
  }

  it('counts in each that is running, paused, or stopped with its window open, and has the unit', async () => {
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('recorded')
    expect(await sums()).toEqual([1, 1, 1, 0, 0])
  })

  it('counts in one alone that it names', async () => {
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'paused' })).toBe('recorded')
    expect(await sums()).toEqual([0, 1, 0, 0, 0])
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'stopped' })).toBe('recorded')
    expect(await sums()).toEqual([0, 1, 1, 0, 0])
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'closed' })).toBe('late')
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'without-unit' })).toBe('unassigned')
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'draft' })).toBe('unassigned')
    expect(await sums()).toEqual([0, 1, 1, 0, 0])
  })

  it('counts where the metric is known', async () => {
    expect(await reward({ unit: 'u', metric: 'spend', value: 9 })).toBe('recorded')
    expect(await counted('spend', 'running')).toMatchObject({ sum: 9 })
    expect(await sums()).toEqual([0, 0, 0, 0, 0])
  })

  it('is recorded as long as one of them counts it', async () => {
    expect(await reward({ unit: 'u', metric: 'visit', experiment: 'running', id: 'e' })).toBe('recorded')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('recorded')
    expect(await reward({ unit: 'u', metric: 'visit', id: 'e' })).toBe('duplicate')
    expect(await sums()).toEqual([1, 1, 1, 0, 0])
  })
})

describe('rewards after the end of an experiment', () => {
  it('count while it is paused', async () => {
    await startExperiment(service)
    await assign('u')
    await changeTo('pause')
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('recorded')
    expect(await counted('visit')).toMatchObject({ sum: 1 })
  })

  it.each([
    ['before the stop', HOUR - 1, 'recorded'],
    ['at the stop', HOUR, 'recorded'],
    ['1 ms after the stop', HOUR + 1, 'late'],
  ])('count, for a metric without a window, up to the stop: %s', async (_name, offset, expected) => {
    await startExperiment(service)
    await assign('u')
    service.now += HOUR
    await changeTo('stop')
    service.now += HOUR
    const event = { unit: 'u', metric: 'visit', experiment: 'spring-email', at: instant(NOON + offset) }
    expect(await reward(event)).toBe(expected)
    expect(await counted('visit')).toMatchObject({ sum: expected === 'recorded' ? 1 : 0 })
  })

  it.each([
    ['at the end of the window', 2 * DAY, 'recorded'],
    ['1 ms later', 2 * DAY + 1, 'late'],
  ])('count, for a metric with a window, until it is over: %s', async (_name, offset, expected) => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: '2d' }] })
    await assign('u')
    service.now += DAY
    await assign('last')
    await changeTo('stop')
    service = await service.restart()
    service.now = NOON + offset
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe(expected)
    expect(await reward({ unit: 'last', metric: 'visit' })).toBe('recorded')
  })

  it('count for an experiment that has a winner, too', async () => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: '2d' }] })
    await assign('u')
    await service.call('POST', '/experiments/spring-email/stop', { winner: 'mens' })
    expect(await reward({ unit: 'u', metric: 'visit' })).toBe('recorded')
    expect(await counted('visit')).toMatchObject({ sum: 1 })
  })

  it('count for an arm that was retired', async () => {
    await startExperiment(service)
    await assign('u')
    const arms = [{ key: 'control', retired: true }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }]
    for (const retired of ['control', 'mens', 'womens']) {
      const changed = arms.map(arm => ({ ...arm, retired: arm.key === retired }))
      const put = await service.call(
        'PUT',
        '/experiments/spring-email',
        emailDefinition({ arms: changed, control: 'control', policy: { type: 'uniform', controlShare: null } }),
      )
      expect(put.status, put.text).toBe(200)
      expect(await reward({ unit: 'u', metric: 'visit' })).toBe('recorded')
    }
    expect(await counted('visit')).toMatchObject({ units: 1, sum: 1 })
  })
})

describe('a list while the store fails half-way', () => {
  it('tells each event whether it was recorded, so that none is sent twice', async () => {
    await startExperiment(service)
    await assign('u')
    store.failsOn = 2
    const events = Array.from({ length: 1_200 }, () => ({ unit: 'u', metric: 'visit' }))
    const { status, body } = await post(events)
    expect(status).toBe(200)
    expect([body.recorded, body.rejected]).toEqual([700, 500])
    expect(body.results[500]).toMatchObject({ status: 'rejected', code: 'store_unavailable' })
    expect(body.results[1_000]).toEqual({ status: 'recorded' })
  })
})
