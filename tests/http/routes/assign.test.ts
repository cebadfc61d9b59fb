import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { faultyStore } from '../../support/faulty-store.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, NOON, type Service, startExperiment, startService } from '../../support/http/service.ts'

const MINUTE = 60_000
const NOTHING_KEPT = { propensity: null, snapshot: null, assignedAt: null }

const PLAIN = { template: 'plain' }

/** Arms whose payloads tell them apart, and a control that is not the first. */
const PAYLOADS = {
  arms: [
    { key: 'mens', payload: { template: 'm1' } },
    { key: 'control', payload: PLAIN },
    { key: 'womens', payload: { template: 'w', sizes: [1] } },
  ],
  control: 'control',
}

/** Units that are awkward, and good. */
const UNITS = [
  ' ',
  ' u ',
  'a\r\nb',
  '\t',
  '"a","b"',
  '👩‍👩‍👧‍👦',
  'x'.repeat(256),
  '😀'.repeat(256),
  'שלום',
  '\ufeffu',
  '\ufffd',
  '\uffff',
  '\u0001\u007f',
  '\u2028',
  "'; DROP TABLE assignments; --",
  '../../etc/passwd',
  '<script>alert(1)</script>',
  'null',
  '0',
  '__proto__',
  'constructor',
  'toString',
]

/** Payloads of all kinds. */
const PAYLOAD_KINDS = [
  null,
  false,
  0,
  '',
  [1, [2, [3, {}]]],
  { a: { b: { c: [null, true, 'x', 1.5e-7] } } },
  JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "toJSON": "no"}'),
  'x'.repeat(16 * 1024 - 2),
]

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

const assign = (unit: string, experiment = 'spring-email') => service.call('POST', '/assign', { experiment, unit })

async function assigned(unit: string, experiment?: string) {
  const answer = await assign(unit, experiment)
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

async function changeTo(status: 'start' | 'pause' | 'stop', body?: object) {
  const answer = await service.call('POST', `/experiments/spring-email/${status}`, body)
  expect(answer.status, answer.text).toBe(200)
}

describe('POST /assign', () => {
  it('assigns a new unit, and tells everything about it', async () => {
    await startExperiment(service, PAYLOADS)
    const answer = await assign('u-17')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const { arm, payload, propensity } = answer.body
    expect(answer.body).toEqual({
      experiment: 'spring-email',
      unit: 'u-17',
      arm: expect.stringMatching(/^(mens|control|womens)$/),
      payload: PAYLOADS.arms.find(({ key }) => key === arm)?.payload,
      propensity: expect.any(Number),
      snapshot: 1,
      assignedAt: '2026-01-05T12:00:00.000Z',
      reason: 'assigned',
    })
    expect(payload).toBeDefined()
    expect(propensity).toBeGreaterThan(0)
    expect(propensity).toBeLessThan(1)
  })

  it('gives null as the payload of an arm that has none', async () => {
    await startExperiment(service, { arms: [{ key: 'a' }, { key: 'b' }] })
    expect((await assigned('u-17')).payload).toBeNull()
  })

  it('takes a form as curl -d sends it, and means the same unit', async () => {
    await startExperiment(service)
    const form = await service.call('POST', '/assign', 'experiment=spring-email&unit=caf%C3%A9+%2B%26%3D')
    expect(form.body).toMatchObject({ unit: 'café +&=', reason: 'assigned' })
    expect(await assigned('café +&=')).toEqual({ ...form.body, reason: 'kept' })
  })

  it('takes a body without a content type as JSON', async () => {
    await startExperiment(service)
    const body = new TextEncoder().encode('{"experiment":"spring-email","unit":"u"}')
    const request = { method: 'POST', body }
    const response = await fetch(`${service.url}/assign`, request)
    expect(response.status).toBe(200)
  })

  it('keeps the arm, its propensity, its snapshot and its time, whatever the policy did since', async () => {
    await startExperiment(service)
    const first = await assigned('u-17')
    for (let unit = 0; unit < 60; unit++) await assign(`other-${unit}`)
    await service.call('POST', '/rewards', { unit: 'u-17', metric: 'visit' })
    await service.advance(5 * MINUTE)
    const policy = { type: 'fixed', weights: { control: 0.98, mens: 0.01, womens: 0.01 } }
    expect((await service.call('PUT', '/experiments/spring-email', emailDefinition({ policy }))).status).toBe(200)
    await service.advance(5 * MINUTE)
    const newcomer = await assigned('newcomer')
    expect(newcomer.snapshot).toBeGreaterThan(first.snapshot)
    expect(newcomer.assignedAt).toBe(new Date(service.now).toISOString())
    expect(await assigned('u-17')).toEqual({ ...first, reason: 'kept' })
  })

  it('has the assignment on disk before it answers', async () => {
    await startExperiment(service)
    const first = await assigned('u-17')
    service = await service.restart()
    service.now += MINUTE
    expect(await assigned('u-17')).toEqual({ ...first, reason: 'kept' })
  })

  it('assigns a unit once, however many ask at the same time', async () => {
    await startExperiment(service)
    const answers = await Promise.all(Array.from({ length: 40 }, () => assigned('u-17')))
    expect(answers.filter(({ reason }) => reason === 'assigned')).toHaveLength(1)
    expect(answers.filter(({ reason }) => reason === 'kept')).toHaveLength(39)
    expect(new Set(answers.map(({ reason, ...kept }) => JSON.stringify(kept))).size).toBe(1)
  })

  it('assigns each experiment by itself', async () => {
    await startExperiment(service)
    await startExperiment(service, { key: 'autumn-email' })
    const units = Array.from({ length: 40 }, (_, unit) => `u-${unit}`)
    const spring = await Promise.all(units.map(unit => assigned(unit)))
    const autumn = await Promise.all(units.map(unit => assigned(unit, 'autumn-email')))
    expect(autumn.every(({ experiment, reason }) => experiment === 'autumn-email' && reason === 'assigned')).toBe(true)
    expect(autumn.map(({ arm }) => arm)).not.toEqual(spring.map(({ arm }) => arm))
  })

  it('takes any text of 1 to 256 characters as a unit, and knows it again', async () => {
    await startExperiment(service)
    const first = new Map<string, object>()
    for (const unit of UNITS) first.set(unit, await assigned(unit))
    service = await service.restart()
    for (const unit of UNITS) {
      expect(first.get(unit), JSON.stringify(unit)).toMatchObject({ unit, reason: 'assigned' })
      expect(await assigned(unit)).toEqual({ ...first.get(unit), reason: 'kept' })
    }
  })

  it('tells units apart that only look alike', async () => {
    await startExperiment(service)
    for (const unit of ['é', 'e\u0301', 'u', 'U', 'u ', '\ufeffu', '1', '01', '1.0']) {
      expect(await assigned(unit)).toMatchObject({ unit, reason: 'assigned' })
    }
  })

  it('lends no meaning to names that JavaScript knows', async () => {
    const [first, second] = ['constructor', 'valueof']
    await startExperiment(service, {
      key: first,
      arms: [{ key: first, payload: { __proto__: null, toString: 1, constructor: 2 } }, { key: second }],
      metrics: [{ key: first, type: 'binary', role: 'primary' }],
      policy: { type: 'fixed', weights: { [first]: 0.999, [second]: 0.001 } },
    })
    const unit = await assigned('__proto__', first)
    expect(unit).toMatchObject({ arm: first, payload: { toString: 1, constructor: 2 }, propensity: 0.999 })
    const reward = await service.call('POST', '/rewards', { unit: '__proto__', metric: first })
    expect(reward.body).toMatchObject({ recorded: 1 })
    const { body } = await service.call('GET', `/experiments/${first}/snapshots`)
    expect(body.snapshots[0].tallies[first]).toEqual({ units: 1, sum: 1, sumOfSquares: 1 })
    for (const stranger of ['__proto__', 'toString', 'hasOwnProperty']) {
      expectProblem(await assign('u', stranger), 404, 'experiment_not_found')
    }
  })

  it('hands out a payload as it was given', async () => {
    const told = new Map<string, string>()
    for (const [position, payload] of PAYLOAD_KINDS.entries()) {
      const key = `payload-${position}`
      await startExperiment(service, {
        key,
        arms: [
          { key: 'a', payload },
          { key: 'b', payload },
        ],
      })
      const { text } = await assign('u-17', key)
      expect(JSON.stringify(JSON.parse(text).payload)).toBe(JSON.stringify(payload))
      told.set(key, text)
    }
    service = await service.restart()
    for (const [key, text] of told) expect((await assign('u-17', key)).text).toBe(text.replace('"assigned"', '"kept"'))
  })

  it('knows no experiment that nobody created, and creates none', async () => {
    const before = await bookOf(service)
    expectProblem(await assign('u-17', 'nobody'), 404, 'experiment_not_found')
    expect(await bookOf(service)).toEqual(before)
  })
})

describe('POST /assign, reason', () => {
  it('draft: the control, and nothing is kept', async () => {
    await service.call('POST', '/experiments', emailDefinition(PAYLOADS))
    const before = await bookOf(service)
    const answer = { experiment: 'spring-email', unit: 'u-17', arm: 'control', payload: PLAIN, ...NOTHING_KEPT }
    expect(await assigned('u-17')).toEqual({ ...answer, reason: 'draft' })
    expect(await bookOf(service)).toEqual(before)
    await changeTo('start')
    expect((await assigned('u-17')).reason).toBe('assigned')
  })

  it('paused: the control for a new unit and nothing kept; who has an arm keeps it', async () => {
    await startExperiment(service, PAYLOADS)
    const first = await assigned('early')
    await changeTo('pause')
    const before = await bookOf(service)
    const answer = { experiment: 'spring-email', unit: 'new', arm: 'control', payload: PLAIN, ...NOTHING_KEPT }
    expect(await assigned('new')).toEqual({ ...answer, reason: 'paused' })
    expect(await assigned('early')).toEqual({ ...first, reason: 'kept' })
    expect(await bookOf(service)).toEqual(before)
    await changeTo('start')
    expect(await assigned('early')).toEqual({ ...first, reason: 'kept' })
    expect((await assigned('new')).reason).toBe('assigned')
  })

  it('stopped without a winner: the control for a new unit; who has an arm keeps it', async () => {
    await startExperiment(service, PAYLOADS)
    const first = await assigned('early')
    await changeTo('stop')
    const before = await bookOf(service)
    const answer = { experiment: 'spring-email', unit: 'new', arm: 'control', payload: PLAIN, ...NOTHING_KEPT }
    expect(await assigned('new')).toEqual({ ...answer, reason: 'stopped' })
    expect(await assigned('early')).toEqual({ ...first, reason: 'kept' })
    expect(await bookOf(service)).toEqual(before)
  })

  it('winner: it answers everybody, and nothing is kept', async () => {
    await startExperiment(service, PAYLOADS)
    for (const unit of ['a', 'b', 'c', 'd', 'e']) await assigned(unit)
    await changeTo('stop', { winner: 'womens' })
    const before = await bookOf(service)
    for (const unit of ['a', 'b', 'c', 'd', 'e', 'new']) {
      const answer = {
        experiment: 'spring-email',
        unit,
        arm: 'womens',
        payload: { template: 'w', sizes: [1] },
        ...NOTHING_KEPT,
      }
      expect(await assigned(unit)).toEqual({ ...answer, reason: 'winner' })
    }
    expect(await bookOf(service)).toEqual(before)
    service = await service.restart()
    expect((await assigned('a')).reason).toBe('winner')
  })

  it('kept: a retired arm keeps its units, and gets no new ones', async () => {
    await startExperiment(service, { policy: { type: 'uniform' } })
    const units = Array.from({ length: 60 }, (_, unit) => `u-${unit}`)
    const batch = { experiment: 'spring-email', units }
    const before = (await service.call('POST', '/assign/batch', batch)).body.assignments
    const [arm] = new Set<string>(before.map((each: { arm: string }) => each.arm))
    const arms = [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }]
    const retired = arms.map(each => ({ ...each, retired: each.key === arm }))
    const put = await service.call('PUT', '/experiments/spring-email', {
      ...emailDefinition({ policy: { type: 'uniform' } }),
      arms: retired,
      control: 'control',
    })
    expect(put.status, put.text).toBe(200)
    const after = (await service.call('POST', '/assign/batch', batch)).body.assignments
    expect(after).toEqual(before.map((each: object) => ({ ...each, reason: 'kept' })))
    const newcomers = Array.from({ length: 200 }, (_, unit) => `new-${unit}`)
    const fresh = (await service.call('POST', '/assign/batch', { ...batch, units: newcomers })).body.assignments
    expect(fresh.filter((each: { arm: string }) => each.arm === arm)).toEqual([])
    expect(fresh.every((each: { reason: string }) => each.reason === 'assigned')).toBe(true)
  })

  it('fallback: while the store fails the control is given and nothing kept', async () => {
    await startExperiment(service, PAYLOADS)
    const first = await assigned('early')
    const before = await bookOf(service)
    store.isDown = true
    for (const unit of ['early', 'new']) {
      const answer = { experiment: 'spring-email', unit, arm: 'control', payload: PLAIN, ...NOTHING_KEPT }
      expect(await assigned(unit)).toEqual({ ...answer, reason: 'fallback' })
    }
    const batch = await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: ['new', 'early'] })
    expect(batch.body.assignments).toMatchObject([{ reason: 'fallback' }, { reason: 'fallback' }])
    expectProblem(await assign('u', 'nobody'), 404, 'experiment_not_found')
    expectProblem(await assign(''), 400, 'invalid_request')
    store.isDown = false
    expect(await bookOf(service)).toEqual(before)
    expect(await assigned('early')).toEqual({ ...first, reason: 'kept' })
    expect((await assigned('new')).reason).toBe('assigned')
  })

  it.each([
    ['paused', 'pause', undefined, { reason: 'fallback', arm: 'control' }],
    ['stopped', 'stop', undefined, { reason: 'fallback', arm: 'control' }],
    ['stopped with a winner', 'stop', { winner: 'mens' }, { reason: 'winner', arm: 'mens' }],
  ] as const)('fallback: %s, while the store fails', async (_name, status, body, expected) => {
    await startExperiment(service, PAYLOADS)
    await changeTo(status, body)
    store.isDown = true
    expect(await assigned('u')).toMatchObject({ ...expected, ...NOTHING_KEPT })
  })

  it('fallback: a draft needs no store', async () => {
    await service.call('POST', '/experiments', emailDefinition(PAYLOADS))
    store.isDown = true
    expect(await assigned('u')).toMatchObject({ reason: 'draft', arm: 'control', ...NOTHING_KEPT })
  })

  it('fallback: another process holds the database, and lets it go', async () => {
    await startExperiment(service, PAYLOADS)
    const other = new Database(service.databasePath)
    other.exec('BEGIN IMMEDIATE')
    try {
      expect(await assigned('u')).toMatchObject({ reason: 'fallback', arm: 'control', ...NOTHING_KEPT })
    } finally {
      other.exec('ROLLBACK')
      other.close()
    }
    expect((await assigned('u')).reason).toBe('assigned')
  })

  it('fallback: the database is closed', async () => {
    await startExperiment(service, PAYLOADS)
    await service.store.close()
    expect(await assigned('u')).toMatchObject({ reason: 'fallback', arm: 'control', payload: PLAIN })
    service = await service.restart()
    expect((await assigned('u')).reason).toBe('assigned')
  })
})

describe('POST /assign/batch', () => {
  const batch = (units: readonly unknown[], experiment = 'spring-email') =>
    service.call('POST', '/assign/batch', { experiment, units })

  it('answers in the order asked, as /assign would', async () => {
    await startExperiment(service, PAYLOADS)
    const early = await assigned('early')
    service.now += MINUTE
    const answer = await batch(['new-1', 'early', 'new-2'])
    expect(answer.status).toBe(200)
    const { assignments } = answer.body
    expect(assignments.map(({ unit, reason }: { unit: string; reason: string }) => [unit, reason])).toEqual([
      ['new-1', 'assigned'],
      ['early', 'kept'],
      ['new-2', 'assigned'],
    ])
    expect(assignments[1]).toEqual({ ...early, reason: 'kept' })
    expect(await assigned('new-1')).toEqual({ ...assignments[0], reason: 'kept' })
    expect(await assigned('new-2')).toEqual({ ...assignments[2], reason: 'kept' })
    expect(assignments[0].assignedAt).toBe(new Date(NOON + MINUTE).toISOString())
  })

  it('draws the same arms as single requests do', async () => {
    const units = Array.from({ length: 50 }, (_, unit) => `u-${unit}`)
    await startExperiment(service)
    const together = (await batch(units)).body.assignments
    const twin = await startService()
    await startExperiment(twin)
    const apart = []
    for (const unit of units) {
      apart.push((await twin.call('POST', '/assign', { experiment: 'spring-email', unit })).body)
    }
    expect(apart).toEqual(together)
    await twin.close()
  })

  it('keeps a unit that is there twice once', async () => {
    await startExperiment(service)
    const { assignments } = (await batch(['u', 'u', 'v', 'u'])).body
    const reasons = assignments.map(({ reason }: { reason: string }) => reason)
    expect(reasons).toEqual(['assigned', 'kept', 'assigned', 'kept'])
    expect(assignments[1]).toEqual({ ...assignments[0], reason: 'kept' })
    const { body } = await service.call('GET', '/experiments/spring-email/report')
    expect(body.units).toBe(2)
  })

  it('takes no units, and 10,000', async () => {
    await startExperiment(service)
    expect((await batch([])).body).toEqual({ assignments: [] })
    const units = Array.from({ length: 10_000 }, (_, unit) => `u-${unit}`)
    const { assignments } = (await batch(units)).body
    expect(assignments.map(({ unit }: { unit: string }) => unit)).toEqual(units)
    expect(assignments.every(({ reason }: { reason: string }) => reason === 'assigned')).toBe(true)
    expect((await service.call('GET', '/experiments/spring-email/report')).body.units).toBe(10_000)
  })

  it('takes more than 1 MiB of them', async () => {
    await startExperiment(service)
    const units = Array.from({ length: 2_000 }, (_, unit) => '😀'.repeat(251) + String(unit).padStart(5, '0'))
    const answer = await batch(units)
    expect(answer.status, answer.text.slice(0, 200)).toBe(200)
    expect(answer.body.assignments.at(-1).unit).toBe(units.at(-1))
  })

  it.each([
    ['draft', []],
    ['paused', ['start', 'pause']],
    ['stopped', ['start', 'stop']],
  ] as const)('gives everybody the control of a %s experiment, and keeps nothing', async (reason, path) => {
    await service.call('POST', '/experiments', emailDefinition(PAYLOADS))
    for (const step of path) await changeTo(step)
    const before = await bookOf(service)
    const { assignments } = (await batch(['u', 'v'])).body
    const answer = { experiment: 'spring-email', arm: 'control', payload: PLAIN, ...NOTHING_KEPT, reason }
    expect(assignments).toEqual([
      { ...answer, unit: 'u' },
      { ...answer, unit: 'v' },
    ])
    expect(await bookOf(service)).toEqual(before)
  })

  it('gives everybody the winner', async () => {
    await startExperiment(service, PAYLOADS)
    const { assignments: early } = (await batch(['u', 'v', 'w'])).body
    expect(early).toHaveLength(3)
    await changeTo('stop', { winner: 'mens' })
    const { assignments } = (await batch(['u', 'v', 'w', 'x'])).body
    for (const each of assignments) expect(each).toMatchObject({ arm: 'mens', reason: 'winner', ...NOTHING_KEPT })
  })

  it('keeps nothing of a batch with one unit that is none', async () => {
    await startExperiment(service)
    const before = await bookOf(service)
    const paths = expectProblem(await batch(['good', '', 'better', 17.5]), 400, 'invalid_request')
    expect(paths).toEqual(['units[1]', 'units[3]'])
    expect(await bookOf(service)).toEqual(before)
  })

  it('knows no experiment that nobody created', async () => {
    expectProblem(await batch(['u'], 'nobody'), 404, 'experiment_not_found')
  })
})
