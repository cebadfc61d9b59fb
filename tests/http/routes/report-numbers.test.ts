// What reports must not say, in numbers: each case was seen once.
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const REFUND = { key: 'refund', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.03 }
const ARMS = [{ key: 'control' }, { key: 'b' }]
const KEY = 'spring-email'

let service: Service

beforeEach(async () => {
  service = await startService({ salt: 'numbers' })
})

afterEach(() => service.close())

interface Assigned {
  readonly unit: string
  readonly arm: string
}

async function assign(from: number, count: number): Promise<Assigned[]> {
  const units = Array.from({ length: count }, (_, unit) => `u-${from + unit}`)
  return (await service.call('POST', '/assign/batch', { experiment: KEY, units })).body.assignments
}

/** Every unit of an arm whose rank there is one of a share of that size. */
function sample(units: readonly Assigned[], rates: Readonly<Record<string, number>>): Assigned[] {
  const ranks = new Map<string, number>()
  return units.filter(({ arm }) => {
    const rank = ranks.get(arm) ?? 0
    ranks.set(arm, rank + 1)
    const rate = rates[arm] ?? 0
    return Math.floor((rank + 1) * rate) > Math.floor(rank * rate)
  })
}

async function reward(metric: string, units: readonly Assigned[], value = 1): Promise<void> {
  if (units.length === 0) return
  await service.call(
    'POST',
    '/rewards',
    units.map(({ unit }) => ({ unit, metric, value })),
  )
}

const get = async (path: string) => (await request(service.url).get(path).expect(200)).text
const reportOf = async (query = '') => JSON.parse(await get(`/experiments/${KEY}/report.json${query}`))
/** Every face for people. */
const faces = async (query = '') => ({
  txt: await get(`/experiments/${KEY}/report.txt${query}`),
  html: await get(`/experiments/${KEY}/report.html${query}`),
  page: await get(`/pages/${KEY}${query}`),
})

describe('a report', () => {
  it('ships nothing seconds after the start while a guardrail is undecided, and gives that one verdict only', async () => {
    await startExperiment(service, { arms: ARMS, metrics: [VISIT, REFUND], policy: { type: 'uniform' } })
    for (let second = 0; second < 4; second++) {
      const units = await assign(second * 2_500, 2_500)
      await reward('visit', sample(units, { control: 0.1, b: 0.3 }))
      await reward('refund', sample(units, { control: 0.02, b: 0.055 }))
      await service.advance(1_000)
    }
    const { arms, guardrails, recommendation } = await reportOf()
    expect(arms[1].lift.verdict).toBe('better')
    const [{ verdict, lift, margin }] = guardrails
    // By itself the lift would be called worse: its interval lies above 0. By its margin it is
    // open.
    expect(lift.absolute.lower).toBeGreaterThan(0)
    expect(lift.absolute.lower).toBeLessThan(margin)
    expect(lift.absolute.upper).toBeGreaterThan(margin)
    expect(verdict).toBe('undecided')
    expect(lift).not.toHaveProperty('verdict')
    expect(recommendation).toMatchObject({ action: 'continue', arm: null, arms: [] })
    expect(recommendation.why).toMatch(/guardrail refund of b is undecided: \+\d\.\d+ … \+\d\.\d+ pp/)
    const own = await reportOf('?metric=refund')
    expect(own.arms[1].lift.verdict).toBeNull()
    expect(own.guardrails).toEqual(guardrails)
    for (const query of ['', '?metric=refund']) {
      for (const [face, text] of Object.entries(await faces(query))) {
        expect(text, face).not.toMatch(/● worse|○ worse| worse {2}|class="word worse"/)
        expect(text, face).toContain('undecided')
      }
    }
    expect(await get(`/experiments/${KEY}/report.csv?metric=refund`)).toMatch(/,undecided,/)
  })

  it('shows no rate below 0, and keeps the estimate as it came in JSON', async () => {
    await startExperiment(service, { arms: ARMS, metrics: [VISIT], policy: { type: 'uniform' } })
    // Without a snapshot between them, so that the middle of the range is what is predicted of all.
    for (let from = 0; from < 600; from += 60) {
      await reward('visit', sample(await assign(from, 60), { control: 0.002, b: 0.002 }))
    }
    const { arms } = await reportOf()
    const raw = arms.map(({ estimate }: { estimate: { rawEstimate: number } }) => estimate.rawEstimate)
    expect(Math.min(...raw)).toBeLessThan(-0.005)
    for (const { estimate } of arms) {
      expect(estimate.mean).toBeGreaterThanOrEqual(0)
      expect(estimate.mean).toBeLessThanOrEqual(1)
      expect(estimate.lower).toBeGreaterThanOrEqual(0)
    }
    const { txt, html } = await faces()
    expect(/\nArms\n(.*?)\n\n/s.exec(txt)?.[1]).not.toMatch(/−/)
    expect(/<h2>Arms<\/h2>(.*?)<\/section>/s.exec(html)?.[1]).not.toMatch(/−/)
  })

  it('has no relative estimate while that has no upper end, and none outside of its interval', async () => {
    await startExperiment(service, { arms: ARMS, metrics: [VISIT], policy: { type: 'uniform' } })
    let [unbounded, bounded, moved] = [0, 0, 0]
    for (let from = 0; from < 3_000; from += 100) {
      await reward('visit', sample(await assign(from, 100), { control: 0.1, b: 0.05 }))
      await service.advance(1_000)
      const { relative } = (await reportOf()).arms[1].lift
      if (relative.upper === null) {
        unbounded++
        expect(relative.estimate).toBeNull()
      } else {
        bounded++
        expect(relative.estimate).toBeGreaterThanOrEqual(Math.max(-1, relative.lower))
        expect(relative.estimate).toBeLessThanOrEqual(relative.upper)
      }
      if (relative.rawEstimate !== null && relative.estimate !== relative.rawEstimate) moved++
    }
    expect(Math.min(unbounded, bounded, moved)).toBeGreaterThan(0)
  })

  it('says too early, with a number of units, where an interval covers the whole range, and draws no axis', async () => {
    const metrics = [{ key: 'spend', type: 'continuous', role: 'primary', range: [0, 20_000] }]
    await startExperiment(service, { arms: ARMS, metrics, policy: { type: 'uniform' } })
    await reward('spend', await assign(0, 40), 55)
    const { arms, recommendation } = await reportOf()
    for (const { estimate } of arms) {
      expect(estimate).toMatchObject({ lower: 0, upper: 20_000, sufficientUnits: expect.any(Number) })
    }
    const needed = arms[1].lift.sufficientUnits
    expect(needed).toBeGreaterThan(40)
    expect(recommendation.why).toMatch(/^Too early to compare: usually about \d+ units suffice; there are 40\.$/)
    for (const [face, text] of Object.entries(await faces())) {
      expect(text.toLowerCase(), face).toContain('too early')
      expect(text, face).not.toMatch(/20,000|±|∞/)
    }
    const svg = String((await request(service.url).get(`/experiments/${KEY}/report.svg`).expect(200)).body)
    expect(svg).toContain('Too early to compare')
    expect(svg).not.toMatch(/<circle|20,000/)

    await reward('spend', await assign(40, needed - 40), 55)
    await service.advance(1_000)
    const later = await reportOf()
    for (const { estimate } of later.arms) expect(estimate.sufficientUnits).toBeNull()
    expect(later.arms[1].lift.sufficientUnits).toBeNull()
    for (const [face, text] of Object.entries(await faces()))
      expect(text.toLowerCase(), face).not.toContain('too early to compare')
  })
})

describe('the format of a report', () => {
  const paths = [
    ['csv', 'text/csv'],
    ['txt', 'text/plain'],
    ['html', 'text/html'],
    ['svg', 'image/svg+xml'],
    ['json', 'application/json'],
  ] as const

  it.each(paths)('is %s by ?format=, whatever Accept says', async (format, type) => {
    await startExperiment(service)
    const path = `/experiments/${KEY}/report`
    const bySuffix = await service.call('GET', `${path}.${format}`)
    for (const address of [`${path}?format=${format}`, `${path}.${format}?format=${format}`]) {
      const answer = await service.call('GET', address, undefined, { accept: 'image/png' })
      expect(answer.status, answer.text).toBe(200)
      expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
      expect(answer.text).toBe(bySuffix.text)
    }
  })

  it.each(['?format=pdf', '?format=', '?format=CSV', '?format=csv&format=txt', '.csv?format=txt'])(
    'cannot be %s',
    async rest => {
      await startExperiment(service)
      const { body } = await request(service.url).get(`/experiments/${KEY}/report${rest}`).expect(400)
      expect(body).toMatchObject({ code: 'invalid_request', errors: [{ path: '?format' }] })
    },
  )
})
