import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const DAY = 86_400_000

const VISIT = { key: 'visit', type: 'binary', role: 'primary', goal: 'increase', window: '14d' }
const SPEND = { key: 'spend', type: 'continuous', range: [0, 500] }
const UNSUBSCRIBE = { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 }

let service: Service

beforeEach(async () => {
  service = await startService()
})

afterEach(async () => {
  await expectBalance(service)
  await service.close()
})

const get = (rest = '', headers?: Record<string, string>) =>
  service.call('GET', `/experiments/spring-email/report${rest}`, undefined, headers)

interface Assigned {
  readonly unit: string
  readonly arm: string
}

async function assign(count: number, prefix = 'u'): Promise<Assigned[]> {
  const units = Array.from({ length: count }, (_, unit) => `${prefix}-${unit}`)
  return (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body.assignments
}

async function reward(metric: string, units: readonly Assigned[], value = 1): Promise<void> {
  const { body } = await service.call(
    'POST',
    '/rewards',
    units.map(({ unit }) => ({ unit, metric, value })),
  )
  expect(body.recorded).toBe(units.length)
}

const armOf = (body: { arms: { arm: string }[] }, key: string) => body.arms.find(({ arm }) => arm === key)

const number = expect.any(Number)
const ends = { lower: number, upper: number }
const evidence = { logEValue: number, pValue: number }

describe('GET /experiments/:key/report', () => {
  it('tells all that the interface promises', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND, UNSUBSCRIBE], policy: { type: 'uniform' } })
    const units = await assign(900)
    const converted = units.filter((_, position) => position % 3 === 0)
    await reward('visit', converted)
    service.now += 15 * DAY
    await service.call('POST', '/experiments/spring-email/pause')
    const answer = await get()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json(;|$)/)
    const { body } = answer
    expect(body).toMatchObject({
      experiment: 'spring-email',
      status: 'paused',
      version: 3,
      generatedAt: '2026-01-20T12:00:00.000Z',
      startedAt: '2026-01-05T12:00:00.000Z',
      metric: VISIT,
      units: 900,
      immatureUnits: 0,
      // Of 100, 100, 200, 400 and 100 units.
      snapshots: 5,
      alpha: 0.05,
      policyLift: { estimate: number, ...ends, ...evidence },
      sampleRatio: { ...evidence, status: 'ok' },
      recommendation: {
        action: expect.stringMatching(/^(ship|choose|retire|keep|continue)$/),
        why: expect.stringMatching(/\S/),
      },
    })
    expect(body.arms.map(({ arm }: Assigned) => arm)).toEqual(['control', 'mens', 'womens'])
    for (const arm of body.arms) {
      const [own, successes] = [units, converted].map(list => list.filter(unit => unit.arm === arm.arm).length)
      expect(arm).toMatchObject({ status: 'active', units: own, successes, mean: (successes ?? 0) / (own ?? 0) })
      expect(arm.posterior).toMatchObject({ mean: number, ...ends })
      expect(arm.estimate).toMatchObject({ mean: number, ...ends })
      expect(arm).toMatchObject({ probabilityBest: number, expectedLoss: number })
      expectOrdered(arm.posterior)
      expectOrdered(arm.estimate)
    }
    const chances = body.arms.map(({ probabilityBest }: { probabilityBest: number }) => probabilityBest)
    expect(chances.reduce((sum: number, chance: number) => sum + chance, 0)).toBeCloseTo(1, 6)
    expect(armOf(body, 'control')).toMatchObject({ lift: null })
    for (const key of ['mens', 'womens']) {
      const { lift } = armOf(body, key) as unknown as { lift: Record<string, unknown> }
      expect(lift).toMatchObject({ absolute: { estimate: number, ...ends }, ...evidence, level: 0.975 })
      expect(lift.verdict).toMatch(/^(better|worse|undecided)$/)
    }
    expect(body.guardrails.map(({ metric, arm }: { metric: string; arm: string }) => [metric, arm])).toEqual([
      ['unsubscribe', 'mens'],
      ['unsubscribe', 'womens'],
    ])
    for (const { verdict, lift } of body.guardrails) {
      expect(verdict).toMatch(/^(harmed|safe|undecided)$/)
      expect(lift.absolute).toMatchObject({ estimate: number, ...ends })
    }
  })

  it('gives the current propensities while it runs, and null when nobody is assigned', async () => {
    await startExperiment(service, { policy: { type: 'fixed', weights: { control: 0.5, mens: 0.3, womens: 0.2 } } })
    const propensities = async () => (await get()).body.arms.map(({ propensity }: { propensity: number }) => propensity)
    expect(await propensities()).toEqual([0.5, 0.3, 0.2])
    await service.call('POST', '/experiments/spring-email/stop', { winner: 'mens' })
    expect(await propensities()).toEqual([null, null, null])
    expect((await get()).body).toMatchObject({ status: 'stopped', winner: 'mens' })
  })

  it.each([
    ['a draft', []],
    ['an experiment without units', ['start']],
    ['a stopped experiment without units', ['start', 'stop']],
  ])('is given of %s, too: what cannot be told is null, and the notes say why', async (_name, path) => {
    await service.call('POST', '/experiments', emailDefinition({ metrics: [VISIT, SPEND, UNSUBSCRIBE] }))
    for (const verb of path) await service.call('POST', `/experiments/spring-email/${verb}`)
    for (const metric of ['visit', 'spend', 'unsubscribe']) {
      const { status, body } = await get(`?metric=${metric}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({
        units: 0,
        immatureUnits: 0,
        startedAt: path.length === 0 ? null : expect.any(String),
      })
      for (const arm of body.arms) expect(arm).toMatchObject({ units: 0, mean: null })
      expect(body.notes.length).toBeGreaterThan(0)
      for (const note of body.notes) expect(note).toMatch(/\.$/)
    }
  })

  it('leaves out units whose window is open, and says so', async () => {
    await startExperiment(service, { metrics: [VISIT] })
    await reward('visit', (await assign(100, 'early')).slice(0, 40))
    await service.advance(10 * DAY)
    await reward('visit', (await assign(50, 'late')).slice(0, 20))
    const open = (await get()).body
    expect(open).toMatchObject({ units: 150, immatureUnits: 150 })
    await service.advance(5 * DAY)
    const half = (await get()).body
    expect(half).toMatchObject({ units: 150, immatureUnits: 50 })
    expect(half.notes.join()).toContain('50')
    const sum = (body: { arms: Record<string, number>[] }, field: string) =>
      body.arms.reduce((total, arm) => total + (arm[field] ?? 0), 0)
    expect(sum(half, 'units')).toBe(100)
    expect(sum(half, 'successes')).toBe(40)
    await service.advance(10 * DAY)
    const whole = (await get()).body
    expect(whole).toMatchObject({ units: 150, immatureUnits: 0 })
    expect(sum(whole, 'successes')).toBe(60)
  })

  it('is given of another metric by ?metric=', async () => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: null }, SPEND, UNSUBSCRIBE] })
    const units = await assign(60)
    await reward('spend', units, 20)
    await reward('spend', units.slice(0, 30), 10)
    const { body } = await get('?metric=spend')
    expect(body).toMatchObject({ metric: SPEND, units: 60, guardrails: [] })
    for (const arm of body.arms) {
      const own = units.filter(unit => unit.arm === arm.arm)
      const total = own.length * 20 + units.slice(0, 30).filter(unit => unit.arm === arm.arm).length * 10
      expect(arm).toMatchObject({ units: own.length, successes: null, mean: total / own.length })
    }
    expect((await get('?metric=visit')).body).toEqual((await get()).body)
    expectProblem(await get('?metric=nothing'), 404, 'metric_not_found')
  })

  it('never writes a number that JSON has not, however strong the evidence', async () => {
    await startExperiment(service, {
      arms: [{ key: 'control' }, { key: 'mens' }],
      metrics: [
        { ...VISIT, window: null },
        { ...UNSUBSCRIBE, margin: 0.1 },
      ],
      policy: { type: 'uniform' },
    })
    const units = await assign(6_000)
    const mens = units.filter(({ arm }) => arm === 'mens')
    await reward('visit', [...mens, ...units.filter(({ arm }) => arm === 'control').slice(0, 1)])
    const { body, text } = await get()
    expect(text).not.toMatch(/NaN|Infinity/)
    expect(armOf(body, 'mens')).toMatchObject({ lift: { eValue: null, verdict: 'better' }, mean: 1 })
    const { lift } = armOf(body, 'mens') as unknown as { lift: { logEValue: number } }
    expect(lift.logEValue).toBeGreaterThan(Math.log(Number.MAX_VALUE))
    expect(body.recommendation).toMatchObject({ action: 'ship', arm: 'mens' })
    await reward('unsubscribe', mens)
    const harmed = (await get()).body
    expect(harmed.guardrails).toMatchObject([{ metric: 'unsubscribe', arm: 'mens', verdict: 'harmed' }])
    expect(harmed.recommendation).toMatchObject({ action: 'retire', arm: 'mens', arms: ['mens'] })
  })

  it('names the window of a guardrail that waits beside a metric that does not', async () => {
    await startExperiment(service, {
      metrics: [
        { ...VISIT, window: null },
        { ...UNSUBSCRIBE, window: '7d' },
      ],
    })
    await assign(300)
    const { text } = await service.call('GET', '/experiments/spring-email/report.txt')
    expect(text).toMatch(
      /^Guardrail unsubscribe.*\n {2}Nothing to compare yet: every unit is still within the window of 7d\.$/m,
    )
    expect((await get()).body.guardrails[0]).not.toHaveProperty('isWithinWindow')
  })

  it('keeps a retired arm in sight', async () => {
    await startExperiment(service, { policy: { type: 'uniform' } })
    await assign(90)
    const arms = [{ key: 'control' }, { key: 'mens', retired: true }, { key: 'womens' }]
    await service.call('PUT', '/experiments/spring-email', emailDefinition({ arms, policy: { type: 'uniform' } }))
    const { body } = await get()
    expect(armOf(body, 'mens')).toMatchObject({ status: 'retired', propensity: null, units: expect.any(Number) })
    expect((armOf(body, 'mens') as unknown as { units: number }).units).toBeGreaterThan(0)
  })

  it('is the same again after a restart, and changes nothing', async () => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: null }, SPEND] })
    await reward('visit', (await assign(50)).slice(0, 7))
    const before = await bookOf(service)
    const { body } = await get()
    expect(await bookOf(service)).toEqual(before)
    service = await service.restart()
    expect((await get()).body).toEqual(body)
  })
})

describe('the faces of a report', () => {
  beforeEach(async () => {
    await startExperiment(service, { metrics: [{ ...VISIT, window: null }, SPEND] })
    await reward('visit', (await assign(50)).slice(0, 7))
  })

  const typeOf = (answer: { headers: Headers }) => answer.headers.get('content-type')?.split(';')[0]

  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/*', 'application/json'],
    ['text/plain', 'text/plain'],
    ['text/plain, application/json;q=0.5', 'text/plain'],
    ['application/json;q=0.1, text/plain;q=0.2', 'text/plain'],
    ['application/json;q=0, text/plain', 'text/plain'],
    ['image/png, text/plain', 'text/plain'],
    ['image/png, */*;q=0.1', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
  ])('Accept: %s gives %s', async (accept, type) => {
    const answer = await get('', accept === undefined ? {} : { accept })
    expect(answer.status).toBe(200)
    expect(typeOf(answer)).toBe(type)
    expect(answer.headers.get('vary')).toMatch(/accept/i)
    if (type === 'application/json') expect(answer.body).toEqual((await get('.json')).body)
    else expect(answer.text).toBe((await get('.txt')).text)
  })

  // These faces are promised and not there yet.
  it.each([
    ['text/csv', 'text/csv'],
    ['text/html', 'text/html'],
    ['image/svg+xml', 'image/svg+xml'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
  ])('Accept: %s gives %s', async (accept, type) => {
    const answer = await get('', { accept })
    expect(answer.status).toBe(200)
    expect(typeOf(answer)).toBe(type)
  })

  it.each(['image/png', 'application/pdf', 'application/xml', 'video/*', 'nonsense', 'application/json;q=0'])(
    'Accept: %s cannot be given',
    async accept => {
      const answer = await get('', { accept })
      expectProblem(answer, 406, 'not_acceptable')
      expect(answer.body.detail).toContain('application/json')
    },
  )

  it.each([
    ['.json', 'application/json'],
    ['.txt', 'text/plain'],
  ])('%s is %s, whatever Accept says', async (suffix, type) => {
    for (const accept of ['*/*', 'application/json', 'text/plain', 'image/png']) {
      const answer = await get(suffix, { accept })
      expect(answer.status).toBe(200)
      expect(typeOf(answer)).toBe(type)
    }
  })

  it.each([
    ['.json', null],
    ['.txt', 'inline; filename="spring-email-report.txt"'],
    ['.csv', 'attachment; filename="spring-email-report.csv"'],
    ['.html', 'inline; filename="spring-email-report.html"'],
    ['.svg', 'inline; filename="spring-email-report.svg"'],
    ['.csv?metric=spend', 'attachment; filename="spring-email-spend-report.csv"'],
  ])('%s says what a browser shall call it: %s', async (suffix, disposition) => {
    expect((await get(suffix)).headers.get('content-disposition')).toBe(disposition)
  })

  it('say by Accept what a browser shall call them', async () => {
    const answer = await get('', { accept: 'text/csv' })
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="spring-email-report.csv"')
  })

  it.each([
    ['.csv', 'text/csv'],
    ['.html', 'text/html'],
    ['.svg', 'image/svg+xml'],
  ])('%s is %s', async (suffix, type) => {
    const answer = await get(suffix)
    expect(answer.status).toBe(200)
    expect(typeOf(answer)).toBe(type)
  })

  it.each(['.pdf', '.', '.json.txt', '.TXT.', 'json', '/json'])('%s is none', async suffix => {
    expectProblem(await get(suffix), 404, 'not_found')
  })

  it('take ?metric=, each', async () => {
    for (const suffix of ['.json', '.txt']) {
      const [visit, spend] = [await get(suffix), await get(`${suffix}?metric=spend`)]
      expect(spend.status).toBe(200)
      expect(spend.text).toContain('spend')
      expect(spend.text).not.toBe(visit.text)
      expectProblem(await get(`${suffix}?metric=nothing`), 404, 'metric_not_found')
    }
  })

  it('are not cached, and have their length', async () => {
    for (const suffix of ['.json', '.txt']) {
      const answer = await get(suffix)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.text)))
    }
  })
})

function expectOrdered({ mean, lower, upper }: { mean: number; lower: number; upper: number }): void {
  expect(lower).toBeLessThanOrEqual(mean)
  expect(upper).toBeGreaterThanOrEqual(mean)
}
