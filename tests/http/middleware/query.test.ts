// What stands behind the question mark: known, unknown, repeated, empty and nested parameters,
// wherever they are sent.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KnownQuery } from '../../../src/http/middleware/query.ts'
import { openApiDocument } from '../../../src/http/openapi.ts'
import { ROUTES } from '../../../src/http/routes/table.ts'
import { Interface } from '../../support/http/interface.ts'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, {
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
    ],
  })
})

afterAll(() => service.close())

const get = (path: string) => request(service.server).get(path)

/** Each route with what it knows. */
function routes(): Map<string, KnownQuery> {
  return new Map(ROUTES.map(({ path, query = [] }) => [path, query]))
}

describe('the routes', () => {
  it('take any query where people, probes and SDKs ask, and nowhere else', () => {
    const open = [...routes()].flatMap(([path, query]) => (query === 'any' ? [path] : []))
    const isTheirs = /^\/($|events$|new$|pages\/|session(\/end)?$|docs($|\/)|assets\/|livez$|readyz$|metrics$|v1\/)/
    expect(open.filter(path => !isTheirs.test(path))).toEqual([])
    expect([...routes().keys()].filter(path => isTheirs.test(path) && !open.includes(path))).toEqual([])
    expect(open.length).toBeGreaterThan(20)
  })

  it('know the parameters that the document names', () => {
    const known = routes()
    for (const { path, operation } of new Interface(openApiDocument()).operations) {
      const query = known.get(path.replace(/\{(\w+)\}/g, ':$1'))
      const documented = (operation.parameters ?? []).flatMap((each: { in: string; name: string }) =>
        each.in === 'query' ? [each.name] : [],
      )
      expect(query === 'any' ? [] : query, path).toEqual(expect.arrayContaining(documented))
    }
  })
})

describe('a query', () => {
  const REPORT = '/experiments/spring-email/report'
  const SNAPSHOTS = '/experiments/spring-email/snapshots'

  it.each<[query: string, detail: string, paths: string[]]>([
    ['metirc=spend', '?metirc is unknown; allowed: metric, after', ['?metirc']],
    ['metric=spend&format', '?format is unknown; allowed: metric, after', ['?format']],
    ['a=1&b=2&a=3', '?a is unknown; allowed: metric, after; ?b is unknown; allowed: metric, after', ['?a', '?b']],
    ['metric=visit&metric=spend', '?metric is there 2 times; send it once', ['?metric']],
    ['metric=visit&%6Detric=visit', '?metric is there 2 times; send it once', ['?metric']],
    ['metric[]=visit', '?metric[] is unknown; allowed: metric, after', ['?metric[]']],
    ['metric[a]=visit', '?metric[a] is unknown; allowed: metric, after', ['?metric[a]']],
    ['metric.key=visit', '?metric.key is unknown; allowed: metric, after', ['?metric.key']],
    ['Metric=visit', '?Metric is unknown; allowed: metric, after', ['?Metric']],
    ['=1', '? is unknown; allowed: metric, after', ['?']],
    ['__proto__=1', '?__proto__ is unknown; allowed: metric, after', ['?__proto__']],
    ['%ff', '?%ff is unknown; allowed: metric, after', ['?%ff']],
    ['?metric=visit', '??metric is unknown; allowed: metric, after', ['??metric']],
  ])('is refused by name: %s', async (query, detail, paths) => {
    const { status, body } = await get(`${SNAPSHOTS}?${query}`)
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'invalid_request', detail: `The request is not valid: ${detail}` })
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(paths)
  })

  it.each([
    ['', 'visit'],
    ['?', 'visit'],
    ['?&', 'visit'],
    ['?metric=spend', 'spend'],
    ['?%6Detric=spend&', 'spend'],
    ['?metric=spend&after=0', 'spend'],
  ])('is read where all of it is known: %s', async (query, metric) => {
    const { body } = await get(SNAPSHOTS + query).expect(200)
    expect(body.metric).toBe(metric)
  })

  it('has values that may be empty, which are judged like any other', async () => {
    expect((await get(`${REPORT}?metric=`).expect(404)).body.detail).toContain('has no metric ""; it has visit, spend')
    expect((await get(`${REPORT}?metric`).expect(404)).body.code).toBe('metric_not_found')
    expect((await get(`${SNAPSHOTS}?after=`).expect(400)).body.detail).toContain('after must be the number')
  })

  it('is refused on hot routes too, before anything is kept', async () => {
    const body = { experiment: 'spring-email', unit: 'query' }
    const { body: refused } = await request(service.server).post('/assign?sticky=false').send(body).expect(400)
    expect(refused.detail).toContain('?sticky is unknown; this address takes no query parameters')
    const flags = '/ofrep/v1/evaluate/flags'
    const context = { context: { targetingKey: 'query' } }
    for (const path of [flags, `${flags}/spring-email`]) {
      const { body: problem } = await request(service.server).post(`${path}?flags=x`).send(context).expect(400)
      expect(problem).toMatchObject({ errorCode: 'GENERAL', errors: [{ path: '?flags' }] })
    }
    expect((await request(service.server).post('/assign').send(body)).body.reason).toBe('assigned')
    await request(service.server).post('/rewards?dryRun=true').send({ unit: 'query', metric: 'visit' }).expect(400)
    const { body: ledger } = await get(SNAPSHOTS)
    expect(JSON.stringify(ledger)).not.toMatch(/"sum":[1-9]/)
  })

  it('may be what OpenFeature’s clients append when they ask again', async () => {
    const query = 'flagConfigEtag=%22x%22&flagConfigLastModified=1771622898'
    const context = { context: { targetingKey: 'u' } }
    await request(service.server).post(`/ofrep/v1/evaluate/flags?${query}`).send(context).expect(200)
    await request(service.server).post(`/ofrep/v1/evaluate/flags/spring-email?${query}`).send(context).expect(200)
  })

  it('is ignored where clients append their own', async () => {
    const query = '?utm_source=mail&x=1&x=2&y[z]=1'
    for (const path of [
      '/',
      '/new',
      '/docs',
      '/docs/show.js',
      '/pages/spring-email',
      '/livez',
      '/readyz',
      '/metrics',
    ]) {
      await get(path + query).expect(200)
    }
    await request(service.server).post(`/v1/batch${query}`).send({ batch: [] }).expect(200)
    await request(service.server).post(`/v1/track${query}`).send({ event: 'x', userId: 'u' }).expect(200)
    await request(service.server).post(`/v1/identify${query}`).send({}).expect(200)
    const event = { specversion: '1.0', id: '1', source: '/shop', type: 'other', subject: 'u' }
    const type = 'application/cloudevents+json'
    await request(service.server)
      .post(`/v1/events${query}`)
      .set('Content-Type', type)
      .send(JSON.stringify(event))
      .expect(200)
  })

  it('of an address that is not there is not looked at', async () => {
    await get('/nothing?x=1').expect(404)
    await request(service.server).delete('/experiments?x=1').expect(405)
  })
})

describe('a query of somebody without a key', () => {
  it('is not judged: who may not ask is told nothing', async () => {
    const locked = await startService({ adminKey: 'correct-horse-battery-staple' })
    await request(locked.server).get('/experiments?x=1').expect(401)
    await request(locked.server).post('/assign?x=1').send({}).expect(401)
    const reader = bearer(await giveKey(locked, { name: 'reader', scopes: ['read'] }))
    await request(locked.server).get('/experiments?x=1').set(reader).expect(400)
    await request(locked.server).post('/assign?x=1').set(reader).send({}).expect(403)
    // These need no key.
    for (const path of ['/version', '/openapi.json', '/schemas/experiment.json']) {
      await request(locked.server).get(`${path}?x=1`).expect(400)
      await request(locked.server).get(path).expect(200)
    }
    await locked.close()
  })
})
