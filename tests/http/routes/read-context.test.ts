import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTEXTUAL } from '../../support/http/contexts.ts'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, CONTEXTUAL)
  await service.call('POST', '/experiments', emailDefinition({ key: 'plain' }))
  await service.call('POST', '/experiments', emailDefinition({ ...CONTEXTUAL, key: 'draft' }))
})

afterAll(() => service.close())

const read = (body: unknown, key = 'spring-email') => service.call('POST', `/experiments/${key}/context`, body)
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

describe('POST /experiments/:key/context', () => {
  it('tells what is kept, what a policy reads, and with which propensities it would draw', async () => {
    const { status, body } = await read({ context: { channel: 'phone', recency: 3.4, member: true, city: 'Jena' } })
    expect(status).toBe(200)
    expect(body).toEqual({
      kept: { channel: 'phone', recency: 3, member: true, city: expect.any(Number) },
      x: expect.any(Array),
      faults: [],
      propensities: { control: expect.any(Number), mens: expect.any(Number), womens: expect.any(Number) },
    })
    expect(body.x.slice(0, 5)).toEqual([1, 0, 1, 0, 0])
    expect(body.x).toHaveLength(12)
    expect(sum(Object.values(body.propensities))).toBeCloseTo(1, 12)
  })

  it('takes a context that is empty or left out for one that misses every feature', async () => {
    for (const body of [{ context: {} }, { context: null }, {}]) {
      const answer = await read(body)
      expect(answer.status).toBe(200)
      expect(answer.body.kept).toEqual({ channel: null, recency: null, member: null, city: null })
    }
  })

  it('names every fault at once, with all that it tells otherwise', async () => {
    const answer = await read({ context: { channel: 'fax', recency: 99, member: 'yes', city: 'x'.repeat(257) } })
    expect(expectProblem(answer, 400, 'invalid_context')).toEqual([
      'context.channel',
      'context.recency',
      'context.member',
      'context.city',
    ])
    expect(answer.body).toMatchObject({
      kept: { channel: null, recency: 12, member: null, city: null },
      faults: [
        { feature: 'channel', fault: 'unknown-level' },
        { feature: 'recency', fault: 'out-of-range' },
        { feature: 'member', fault: 'not-a-boolean' },
        { feature: 'city', fault: 'too-large' },
      ],
      propensities: { control: expect.any(Number) },
    })
    expect(answer.body.x).toHaveLength(12)
  })

  it('names a context that is none', async () => {
    for (const context of [[], 'web', 7, true]) {
      const answer = await read({ context })
      expect(expectProblem(answer, 400, 'invalid_context')).toEqual(['context'])
      expect(answer.body.faults).toEqual([{ feature: null, fault: 'not-an-object' }])
    }
    const large = await read({ context: { colour: 'x'.repeat(9_000) } })
    expect(large.body.faults).toEqual([{ feature: null, fault: 'too-large' }])
  })

  it('has no propensities for a draft, and refuses an experiment without features', async () => {
    expect((await read({ context: { channel: 'web' } }, 'draft')).body).toMatchObject({
      propensities: null,
      faults: [],
    })
    expectProblem(await read({ context: { channel: 'web' } }, 'plain'), 400, 'invalid_request')
    expectProblem(await read({ context: { channel: 'web' } }, 'nobody'), 404, 'experiment_not_found')
    expect(expectProblem(await read({ channel: 'web' }), 400, 'invalid_request')).toEqual(['channel'])
  })

  it('assigns nothing', async () => {
    const { text } = await service.call('GET', '/experiments/spring-email/assignments.ndjson')
    expect(text).toBe('')
  })

  it('needs a key with the scope read', async () => {
    const guarded = await startService({ adminKey: 'correct-horse-battery-staple' })
    const path = '/experiments/spring-email/context'
    const assigner = bearer(await giveKey(guarded, { scopes: ['assign'] }))
    expectProblem(await guarded.call('POST', path, { context: {} }, assigner), 403, 'forbidden')
    await guarded.close()
  })
})
