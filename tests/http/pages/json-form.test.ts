// JSON under the name of a form, which is what curl calls whatever it sends with -d.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const FORM = 'application/x-www-form-urlencoded'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
  await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
})

afterAll(() => service.close())

const post = (path: string, body: string) => request(service.server).post(path).set('Content-Type', FORM).send(body)

describe('a form that begins as JSON does', () => {
  it.each<[path: string, body: unknown, part: unknown]>([
    ['/assign', { experiment: 'spring-email', unit: 'u' }, { unit: 'u', reason: 'kept' }],
    ['/assign/batch', { experiment: 'spring-email', units: ['u'] }, { assignments: [{ unit: 'u' }] }],
    ['/rewards', { unit: 'u', metric: 'visit', value: 1 }, { recorded: 1 }],
    ['/rewards', [{ unit: 'u', metric: 'visit' }], { recorded: 1 }],
    ['/experiments/spring-email/evaluate', { arm: 'mens' }, { metric: 'visit' }],
    ['/experiments/new/plan', emailDefinition({ key: 'new' }), { result: 'created' }],
    ['/ofrep/v1/evaluate/flags/spring-email', { context: { targetingKey: 'u' } }, { reason: 'SPLIT' }],
    ['/v1/track', { event: 'visit', userId: 'u' }, { recorded: 1 }],
  ])('is read as JSON: %s', async (path, body, part) => {
    for (const text of [JSON.stringify(body), `\n\t ${JSON.stringify(body, null, 2)}\n`]) {
      const answer = await post(path, text)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.body).toMatchObject(part as object)
    }
  })

  it('is named as JSON where it is not whole', async () => {
    const { body } = await post('/assign', '{"experiment":"spring-email","unit":"u"').expect(400)
    expect(body).toMatchObject({ code: 'invalid_json', detail: expect.stringContaining('not valid JSON') })
  })

  it('is told how lines of JSON are sent', async () => {
    const line = '{"unit":"u","metric":"visit"}'
    const { body } = await post('/rewards', `${line}\n${line}\n`).expect(400)
    expect(body.detail).toContain('lines of JSON go to /rewards, as application/x-ndjson')
  })

  it('leaves forms as they are', async () => {
    expect((await post('/assign', 'experiment=spring-email&unit={u}').expect(200)).body.unit).toBe('{u}')
    expect((await post('/assign', 'unit=[u]&experiment=spring-email').expect(200)).body.unit).toBe('[u]')
    expect((await post('/assign', '%7B=1').expect(400)).body.errors[0].path).toBe('{')
  })
})

describe('a content type that cannot be read', () => {
  it.each([
    ['/rewards', 'application/jsonl', 'application/x-ndjson'],
    ['/assign', 'text/plain', 'application/json or application/x-www-form-urlencoded'],
    ['/v1/events', FORM, 'application/cloudevents+json'],
  ])('is told what can: %s with %s', async (path, type, readable) => {
    const answer = await request(service.server).post(path).set('Content-Type', type).send('{}').expect(415)
    expect(answer.body.detail).toContain(readable)
  })
})
