// Nobody's outcome is clipped in silence: the answer to a reward says so.
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectBalance } from '../support/book.ts'
import { NOON, type Service, startExperiment, startService } from '../support/http/service.ts'

const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const spend = (lowest: number, highest: number) => ({ key: 'spend', type: 'continuous', range: [lowest, highest] })

let service: Service

beforeEach(async () => {
  service = await startService()
  await startExperiment(service, { metrics: [VISIT, spend(0, 500)] })
  await assign('u')
})

afterEach(async () => {
  await expectBalance(service)
  await service.close()
})

async function assign(unit: string, experiment = 'spring-email'): Promise<void> {
  await request(service.server).post('/assign').send({ experiment, unit }).expect(200)
}

async function post(body: object): Promise<unknown[]> {
  const answer = await request(service.server).post('/rewards').send(body).expect(200)
  return answer.body.results
}

const spent = (value: number, more = {}) => ({ unit: 'u', metric: 'spend', value, ...more })

const CLIPPED = { status: 'recorded', clipped: true }
const RECORDED = { status: 'recorded' }

describe('POST /rewards', () => {
  it('says clipped when the total of the unit lies outside the range, and no more when it is back', async () => {
    expect(await post(spent(500))).toEqual([RECORDED])
    expect(await post(spent(0.5))).toEqual([CLIPPED])
    // A refund brings it back; one more takes it below.
    expect(await post(spent(-300))).toEqual([RECORDED])
    expect(await post(spent(-201))).toEqual([CLIPPED])
    expect(await post(spent(0.5))).toEqual([RECORDED])
  })

  it('says clipped of each event of a list, and of none that was not counted', async () => {
    const events = [
      spent(600, { id: 'a' }),
      spent(600, { id: 'a' }),
      spent(1, { at: new Date(NOON - 1).toISOString() }),
      spent(1, { unit: 'nobody' }),
      { unit: 'u', metric: 'visit', value: 600 },
      spent(-600),
      spent(-600),
    ]
    expect(await post(events)).toEqual([
      CLIPPED,
      { status: 'duplicate' },
      { status: 'late' },
      { status: 'unassigned' },
      RECORDED,
      RECORDED,
      CLIPPED,
    ])
  })

  it('says clipped of each line of a stream', async () => {
    const lines = [spent(501), spent(-1)].map(event => JSON.stringify(event)).join('\n')
    const answer = await request(service.server)
      .post('/rewards')
      .set('Content-Type', 'application/x-ndjson')
      .send(lines)
      .expect(200)
    expect(answer.body).toMatchObject({
      recorded: 2,
      results: [
        { line: 1, ...CLIPPED },
        { line: 2, ...RECORDED },
      ],
    })
  })

  it('says clipped where one of the experiments that counted the event clips', async () => {
    await startExperiment(service, { key: 'narrow', metrics: [VISIT, spend(0, 10)] })
    expect(await post(spent(100))).toEqual([RECORDED])
    await assign('u', 'narrow')
    expect(await post(spent(100))).toEqual([CLIPPED])
    expect(await post(spent(100, { experiment: 'spring-email' }))).toEqual([RECORDED])
  })

  it('says clipped of refunds below the range, but not where the range leaves no room for nothing', async () => {
    await startExperiment(service, { key: 'rated', metrics: [VISIT, { ...spend(1, 5), key: 'stars' }] })
    await assign('u', 'rated')
    const starred = (value: number) => ({ unit: 'u', metric: 'stars', value })
    expect(await post([starred(0.5), starred(-0.5), starred(4)])).toEqual([CLIPPED, RECORDED, RECORDED])
  })
})

describe('POST /v1/batch', () => {
  it('says clipped as /rewards does', async () => {
    const track = (revenue: number) => ({ type: 'track', event: 'spend', userId: 'u', properties: { revenue } })
    const answer = await request(service.server)
      .post('/v1/batch')
      .send({ batch: [track(499), track(2), { type: 'page' }] })
      .expect(200)
    expect(answer.body.results).toEqual([RECORDED, CLIPPED, { status: 'ignored' }])
  })
})
