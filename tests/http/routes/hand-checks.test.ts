// The hot routes judge by hand what the document says by schema: here both judge the same random
// bodies.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assignSchema, batchSchema } from '../../../src/http/routes/assign.ts'
import { rewardSchema } from '../../../src/http/routes/rewards.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService({ now: Date.now() })
  await startExperiment(service)
})

afterAll(() => service.close())

const awkward = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, 0, 1.5, true, '', [], {}, ['u'], '\0', 'a\0', '\ud800', 'u\udc00', '😀'),
  fc.constantFrom('x'.repeat(256), 'x'.repeat(257), '😀'.repeat(256), '😀'.repeat(257), '\ud83d\ude00', ' ', '\n'),
  fc.constantFrom(
    '2026-01-05',
    '2026-01-05T10:00:00',
    '2026-02-30T10:00:00Z',
    '2026-01-05t10:00:00z',
    '2026-01-05T10:00Z',
  ),
  fc.constantFrom(1e12, -1e12, 1.1e12, -1e300, Number.MAX_VALUE),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.jsonValue({ maxDepth: 1 }),
)
const times = fc.constantFrom('2026-01-05T10:00:00Z', '2026-01-05T10:00:00.123456+01:00', '2024-02-29T23:59:59-11:30')

/** Mostly good, with a field in ten that is awkward, missing or not known. */
const perhaps = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: awkward })
const more = fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constant({ colour: 1 }) })
const body = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[]) =>
  fc.tuple(fc.record(fields, { requiredKeys }), more).map(([known, unknown]) => ({ ...known, ...unknown }))

const experiment = perhaps(fc.constantFrom('spring-email', 'nobody', 'A'))
const unit = perhaps(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }))

const context = fc.oneof(awkward, fc.record({ channel: awkward, recency: fc.double() }))
const assigns = fc.oneof(
  body({ experiment, unit, context }, ['experiment', 'unit']),
  body({ experiment, unit, context }, []),
  awkward,
)
const item = fc.oneof({ weight: 2, arbitrary: unit }, { weight: 1, arbitrary: body({ unit, context }, ['unit']) })
const batches = body({ experiment, units: perhaps(fc.array(item, { maxLength: 4 })) }, ['experiment'])
const rewards = fc.oneof(
  body(
    {
      unit,
      metric: perhaps(fc.constant('visit')),
      value: perhaps(fc.double({ min: -1e12, max: 1e12, noNaN: true })),
      experiment,
      id: unit,
      at: perhaps(times),
    },
    ['unit', 'metric'],
  ),
  awkward,
)

/** As it arrives: what JSON cannot say is not there. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify({ value })).value

describe.each([
  ['/assign', assigns, assignSchema],
  ['/assign/batch', batches, batchSchema],
] as const)('POST %s', (path, bodies, schema) => {
  it('takes exactly what its schema takes', async () => {
    const verdicts = { taken: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(bodies, async value => {
        const isValid = schema.safeParse(sent(value)).success
        const answer = await service.call('POST', path, Buffer.from(JSON.stringify(value) ?? ''), {
          'content-type': 'application/json',
        })
        expect(answer.body.code === 'invalid_request', JSON.stringify(value)).toBe(!isValid)
        verdicts[isValid ? 'taken' : 'refused'] += 1
      }),
      { numRuns: 150, seed: 20_260_105 },
    )
    expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(20)
  })
})

describe('POST /rewards', () => {
  it('takes exactly the events that its schema takes', async () => {
    const verdicts = { taken: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(rewards, { minLength: 300, maxLength: 300 }), async events => {
        const { body } = await service.call('POST', '/rewards', events)
        for (const [position, event] of events.entries()) {
          const isValid = rewardSchema.safeParse(sent(event) ?? null).success
          const told = JSON.stringify([event, body.results[position]])
          expect(body.results[position].code === 'invalid_request', told).toBe(!isValid)
          verdicts[isValid ? 'taken' : 'refused'] += 1
        }
      }),
      { numRuns: 6, seed: 20_260_105, endOnFailure: true },
    )
    expect(Math.min(verdicts.taken, verdicts.refused)).toBeGreaterThan(300)
  })
})
