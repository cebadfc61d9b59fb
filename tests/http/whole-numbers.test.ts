// Whole numbers as units, wherever a unit can be sent: 17 is "17", and what JSON has rounded is
// refused.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectBalance } from '../support/book.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, { metrics: [{ key: 'visit', type: 'continuous', range: [0, 1e6], role: 'primary' }] })
})

afterAll(async () => {
  await expectBalance(service)
  await service.close()
})

const post = (path: string, body: string, type = 'application/json') =>
  request(service.server).post(path).set('Content-Type', type).send(body)

const CLOUD_EVENT = 'application/cloudevents+json'
const NDJSON = 'application/x-ndjson'

interface Door {
  readonly path: string
  readonly type: string
  /** A body with a unit as JSON writes it. */
  readonly bodyOf: (unit: string) => string
  /** What the answer says of the unit. */
  readonly outcome: (body: Answer) => unknown
  /** What it says of one that was used. */
  readonly used: unknown
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads the fields that it expects, and fails where they are not
type Answer = any

const first = (body: Answer) => body.results?.[0]?.status ?? body.code

const DOORS: readonly (Door & { name: string })[] = [
  {
    name: '/assign',
    path: '/assign',
    type: 'application/json',
    bodyOf: unit => `{"experiment":"spring-email","unit":${unit}}`,
    outcome: body => body.unit ?? body.code,
    used: '17',
  },
  {
    name: '/assign in the clothes of a form',
    path: '/assign',
    type: 'application/x-www-form-urlencoded',
    bodyOf: unit => `{"experiment":"spring-email","unit":${unit}}`,
    outcome: body => body.unit ?? body.code,
    used: '17',
  },
  {
    name: '/assign/batch',
    path: '/assign/batch',
    type: 'application/json',
    bodyOf: unit => `{"experiment":"spring-email","units":["a",${unit}]}`,
    outcome: body => body.assignments?.[1].unit ?? body.code,
    used: '17',
  },
  {
    name: 'an OFREP evaluation',
    path: '/ofrep/v1/evaluate/flags/spring-email',
    type: 'application/json',
    bodyOf: unit => `{"context":{"targetingKey":${unit}}}`,
    outcome: body => body.reason ?? body.code,
    used: 'SPLIT',
  },
  {
    name: 'an OFREP evaluation of all',
    path: '/ofrep/v1/evaluate/flags',
    type: 'application/json',
    bodyOf: unit => `{"context":{"targetingKey":${unit}}}`,
    outcome: body => body.flags?.[0].reason ?? body.code,
    used: 'SPLIT',
  },
  {
    name: 'a reward',
    path: '/rewards',
    type: 'application/json',
    bodyOf: unit => `{"unit":${unit},"metric":"visit"}`,
    outcome: first,
    used: 'recorded',
  },
  {
    name: 'a list of rewards',
    path: '/rewards',
    type: 'application/json',
    bodyOf: unit => `[{"unit":${unit},"metric":"visit"}]`,
    outcome: body => body.results[0].code ?? body.results[0].status,
    used: 'recorded',
  },
  {
    name: 'a line of a stream',
    path: '/rewards',
    type: NDJSON,
    bodyOf: unit => `{"unit":${unit},"metric":"visit"}\n`,
    outcome: body => body.results[0].code ?? body.results[0].status,
    used: 'recorded',
  },
  {
    name: 'the userId of a track call',
    path: '/v1/track',
    type: 'application/json',
    bodyOf: unit => `{"event":"visit","userId":${unit}}`,
    outcome: first,
    used: 'recorded',
  },
  {
    name: 'the anonymousId of a batch',
    path: '/v1/batch',
    type: 'application/json',
    bodyOf: unit => `{"batch":[{"type":"track","event":"visit","anonymousId":${unit}}]}`,
    outcome: body => body.errors?.[0].code ?? body.results[0].status,
    used: 'recorded',
  },
  {
    name: 'the subject of a CloudEvent',
    path: '/v1/events',
    type: CLOUD_EVENT,
    bodyOf: unit => `{"specversion":"1.0","id":${JSON.stringify(unit)},"source":"/s","type":"visit","subject":${unit}}`,
    outcome: first,
    used: 'recorded',
  },
  {
    name: 'the subject of a CloudEvent in a batch',
    path: '/v1/events',
    type: 'application/cloudevents-batch+json',
    bodyOf: unit => `[{"specversion":"1.0","id":"b","source":"/s","type":"visit","subject":${unit}}]`,
    outcome: body => body.errors?.[0].code ?? body.results[0].status,
    used: 'recorded',
  },
]

describe.each(DOORS)('a whole number as unit: $name', ({ path, type, bodyOf, outcome, used }) => {
  it('is its digits', async () => {
    await post('/assign', '{"experiment":"spring-email","unit":"17"}')
    const { status, body } = await post(path, bodyOf('17'), type)
    expect({ status, outcome: outcome(body) }).toEqual({ status: 200, outcome: used })
  })

  it.each(['9007199254740992', '9007199254740993', '-9007199254740992', '1e20', '1e400', '17.5', '-0.1'])(
    'is refused where it is not exact or not whole: %s',
    async number => {
      const { body } = await post(path, bodyOf(number), type)
      expect(outcome(body)).toBe('invalid_request')
      const told = JSON.stringify(body)
      expect(told).toMatch(/^.*(must be a string: beyond ±\(2\^53 - 1\)|must be a string or a whole number, not )/)
    },
  )

  it.each(['true', 'null', '[17]', '{}', '""'])('is no other thing that is no text: %s', async value => {
    const { body } = await post(path, bodyOf(value), type)
    expect(outcome(body)).toBe('invalid_request')
  })
})

describe('whole numbers as units', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-17', '-17'],
    ['17.0', '17'],
    ['1.7e1', '17'],
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740991', '-9007199254740991'],
  ])('are the unit that their digits are: %s', async (number, unit) => {
    const asNumber = await post('/assign', `{"experiment":"spring-email","unit":${number}}`)
    expect(asNumber.body.unit).toBe(unit)
    const asText = await post('/assign', `{"experiment":"spring-email","unit":"${unit}"}`)
    expect(asText.body).toEqual({ ...asNumber.body, reason: 'kept' })
  })

  it('count as one unit however they are sent', async () => {
    await post('/assign', '{"experiment":"spring-email","unit":4711}')
    for (const unit of ['4711', '"4711"', '4711.0']) {
      const { body } = await post('/rewards', `{"unit":${unit},"metric":"visit","value":2}`)
      expect(body.recorded).toBe(1)
    }
    const { text } = await request(service.server).get('/experiments/spring-email/assignments.ndjson').buffer()
    const rows = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(rows.filter(({ unit }) => unit === '4711')).toMatchObject([{ outcomes: { visit: 6 } }])
  })

  it('are no ids, metrics or experiments', async () => {
    for (const field of ['"id":17', '"metric":17', '"experiment":17']) {
      const { status, body } = await post('/rewards', `{"unit":"u","metric":"visit",${field}}`)
      expect(status).toBe(400)
      expect(body.errors[0].message).toMatch(/^must be (a string|the key)/)
    }
  })
})
