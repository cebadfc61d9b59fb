// The advice is the same wherever it is told: one experiment for each kind, and every place that
// tells of it.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_TYPES } from '../../../src/webhooks/webhook.ts'
import { readExposition } from '../../support/http/exposition.ts'
import { emailDefinition, type Service, startService } from '../../support/http/service.ts'

const UNIFORM = { type: 'uniform' }
const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const SPEND = { key: 'spend', type: 'continuous', role: 'primary', range: [0, 500] }
const REFUND = { key: 'refund', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 }
const LENIENT = { ...REFUND, margin: 0.2 }

interface Case {
  /** Also the key of the experiment. */
  readonly name: string
  readonly metrics?: readonly object[]
  readonly arms?: readonly string[]
  /** Of the visits, or the share of the units that spend, by arm. */
  readonly rates?: readonly number[]
  readonly refunds?: readonly number[]
  /** How much is spent. */
  readonly value?: number
  readonly units?: number
  readonly definition?: Readonly<Record<string, unknown>>
  /** Statuses that follow the start, with their bodies. */
  readonly afterwards?: readonly (readonly [verb: string, body?: object])[]
  /** What the faces say in a few words, and the recommendation itself. */
  readonly headline: string
  readonly action: string
  readonly about: readonly string[]
  readonly why: RegExp
}

const CASES: readonly Case[] = [
  {
    name: 'draft',
    headline: 'Not started',
    action: 'continue',
    about: [],
    why: /^The experiment is not started/,
  },
  {
    name: 'early',
    units: 40,
    rates: [0.1, 0.3, 0.3],
    headline: 'Continue',
    action: 'continue',
    about: [],
    why: /^Too early to compare: usually about \d[\d,]* units suffice; there are 40\.$/,
  },
  {
    name: 'undecided',
    rates: [0.2, 0.2, 0.2],
    headline: 'Continue',
    action: 'continue',
    about: [],
    why: /still contain 0\.$/,
  },
  {
    name: 'paused',
    rates: [0.2, 0.2, 0.2],
    afterwards: [['pause']],
    headline: 'Paused',
    action: 'continue',
    about: [],
    why: /^New units get control, and nothing is kept of them\./,
  },
  {
    name: 'ship',
    rates: [0.1, 0.5, 0.1],
    headline: 'Ship mens',
    action: 'ship',
    about: ['mens'],
    why: /^The whole interval of mens's lift in visit lies above 0/,
  },
  {
    name: 'ship-pairwise',
    rates: [0.1, 0.9, 0.4],
    headline: 'Ship mens',
    action: 'ship',
    about: ['mens'],
    why: /womens is better than control too, and mens beats womens by \+\d/,
  },
  {
    name: 'open-guardrail',
    metrics: [VISIT, REFUND],
    rates: [0.1, 0.5, 0.1],
    refunds: [0.02, 0.02, 0.02],
    headline: 'Continue',
    action: 'continue',
    about: [],
    why: /^mens is better than control, but guardrail refund of mens is undecided: −\d+\.\d+ … \+\d+\.\d+ pp \(margin 1 pp\)\.$/,
  },
  {
    name: 'safe-guardrail',
    metrics: [VISIT, LENIENT],
    rates: [0.1, 0.5, 0.1],
    refunds: [0.02, 0.02, 0.02],
    headline: 'Ship mens',
    action: 'ship',
    about: ['mens'],
    why: /^The whole interval/,
  },
  {
    name: 'min-duration',
    rates: [0.1, 0.5, 0.1],
    definition: { minDuration: '7d' },
    headline: 'Continue',
    action: 'continue',
    about: [],
    why: /^The experiment runs for at least 7d, until 2026-01-12 12:0\d UTC, and nothing is decided before\. The whole interval of mens's lift/,
  },
  {
    name: 'choose',
    rates: [0.1, 0.5, 0.5],
    headline: 'Choose one of mens, womens',
    action: 'choose',
    about: ['mens', 'womens'],
    why: /^mens, womens are better than control; which of them is best is open \(P\(best\): mens \d/,
  },
  {
    name: 'harm',
    metrics: [VISIT, REFUND],
    rates: [0.1, 0.5, 0.1],
    refunds: [0.02, 0.5, 0.02],
    headline: 'Retire mens',
    action: 'retire',
    about: ['mens'],
    why: /^mens harms refund by more than its margin of 1 pp: \+\d/,
  },
  {
    name: 'worse',
    rates: [0.5, 0.1, 0.5],
    headline: 'Retire mens',
    action: 'retire',
    about: ['mens'],
    why: /^mens is worse than control: −\d.*\. Whether another arm is better is open\.$/,
  },
  {
    name: 'keep',
    rates: [0.5, 0.1, 0.1],
    headline: 'Keep control',
    action: 'keep',
    about: ['control'],
    why: /^mens, womens are worse than control\.$/,
  },
  {
    name: 'cents',
    metrics: [SPEND],
    rates: [0.9, 0.9, 0.9],
    value: 1_990,
    headline: 'Investigate',
    action: 'investigate',
    about: [],
    why: /^spend has the range \[0, 500\], but 9\d\.\d % of the outcomes are above: cents instead of dollars\?$/,
  },
  {
    name: 'few-buy-in-cents',
    metrics: [SPEND],
    rates: [0.06, 0.12, 0.1],
    value: 4_500,
    headline: 'Investigate',
    action: 'investigate',
    about: [],
    why: /^spend has the range \[0, 500\], but all units with rewards are above: cents instead of dollars\?$/,
  },
  {
    name: 'not-sent',
    rates: [0, 0.1, 0.05],
    headline: 'Investigate',
    action: 'investigate',
    about: [],
    why: /^No reward of visit has come for any of the \d,\d{3} units of control, .* at least \d{3} units of control would have one\./,
  },
  {
    name: 'won',
    rates: [0.1, 0.5, 0.1],
    afterwards: [['stop', { winner: 'mens' }]],
    headline: 'Stopped: mens won',
    action: 'stopped',
    about: ['mens'],
    why: /^Every unit gets mens; mens is better than control: \+\d/,
  },
  {
    name: 'chosen',
    rates: [0.2, 0.2, 0.2],
    afterwards: [['stop', { winner: 'mens' }]],
    headline: 'Stopped: mens was chosen',
    action: 'stopped',
    about: ['mens'],
    why: /^Every unit gets mens; the interval of the lift of mens contains 0: −\d/,
  },
  {
    name: 'over',
    rates: [0.2, 0.2, 0.2],
    afterwards: [['stop']],
    headline: 'Stopped without a winner',
    action: 'stopped',
    about: [],
    why: /^Units keep their arms, and new units get control\.$/,
  },
]

let service: Service

const post = async (path: string, body?: object) => {
  const answer = await service.call('POST', path, body)
  expect(answer.status, answer.text).toBeLessThan(300)
  return answer.body
}

/**
 * Units in slices of 500, each with a snapshot of its own, of which every arm is rewarded evenly by
 * its rate.
 */
async function play({ name, units = 6_000, rates = [], refunds = [], value, metrics = [VISIT] }: Case): Promise<void> {
  const seen = new Map<string, number>()
  for (let from = 0; from < units; from += 500) {
    const list = Array.from({ length: Math.min(500, units - from) }, (_, unit) => `${name}-${from + unit}`)
    const { assignments } = await post('/assign/batch', { experiment: name, units: list })
    const events = assignments.flatMap(({ unit, arm }: { unit: string; arm: string }) => {
      const [place, rank] = [['control', 'mens', 'womens'].indexOf(arm), seen.get(arm) ?? 0]
      seen.set(arm, rank + 1)
      const isHit = (rate = 0) => Math.floor((rank + 1) * rate) > Math.floor(rank * rate)
      const event = { experiment: name, unit }
      const { key } = metrics[0] as { key: string }
      return [
        ...(isHit(rates[place]) ? [{ ...event, metric: key, ...(value !== undefined && { value }) }] : []),
        ...(isHit(refunds[place]) ? [{ ...event, metric: 'refund' }] : []),
      ]
    })
    if (events.length > 0) await post('/rewards', events)
    await service.advance(1_000)
  }
}

beforeAll(async () => {
  service = await startService({ salt: 'advice' })
  const webhook = { id: 'wh', url: 'https://example.com', secret: 'whsec_eA==', createdAt: service.now }
  await service.store.createWebhook({ ...webhook, events: EVENT_TYPES, experimentId: null })
  for (const each of CASES) {
    const { name, metrics = [VISIT], definition = {}, afterwards = [] } = each
    await post('/experiments', emailDefinition({ key: name, metrics, policy: UNIFORM, ...definition }))
    if (each.rates !== undefined) await post(`/experiments/${name}/start`)
    await play(each)
    for (const [verb, body] of afterwards) await post(`/experiments/${name}/${verb}`, body)
  }
  await service.look()
}, 120_000)

afterAll(() => service.close())

const text = async (path: string) => (await request(service.url).get(path).expect(200)).text
const escaped = (words: string) => words.replaceAll("'", '&#39;')

async function announced() {
  const found: { type: string; data: Record<string, unknown> }[] = []
  for (;;) {
    const [due] = await service.store.findDueMessages(service.now, 1)
    if (due === undefined) return found
    found.push(JSON.parse(due.body))
    await service.store.settleMessage(due, { isDelivered: true, at: service.now })
  }
}

describe('the advice', () => {
  it.each(CASES)('of $name is the same in every face', async ({ name, headline, action, about, why }) => {
    const path = `/experiments/${name}/report`
    const { body } = await request(service.url).get(`${path}.json`).expect(200)
    const { recommendation } = body
    expect(recommendation).toMatchObject({ action, arms: about, arm: about.length === 1 ? about[0] : null })
    expect(recommendation.why).toMatch(why)

    const [first = ''] = headline.split(/(?= (?:one|mens|control|without))|(?=:)/)
    expect(await text(`${path}.txt`)).toContain(`\n${first.toUpperCase()}${headline.slice(first.length)}\n`)
    for (const page of [await text(`${path}.html`), await text(`/pages/${name}`)]) {
      expect(page).toContain(`<div class="advice ${action}"><strong>${headline}</strong>`)
      expect(page.replaceAll('\u00a0', ' ')).toContain(escaped(recommendation.why))
    }
    expect(await text(`/pages/${name}`)).toContain(`data-announce="${name} is ${body.status}. ${headline}"`)
    const { text: svg, body: drawn } = await request(service.url).get(`${path}.svg`).expect(200)
    expect(svg ?? String(drawn)).toContain(`Advice: ${headline}.</desc>`)
    const overview = await text('/')
    const entry = overview.slice(overview.indexOf(`id="experiment-${name}"`)).split('</li>')[0]
    expect(entry).toContain(`<dt>advice</dt><dd class="clip ${action}">${headline}</dd>`)
    const [head = '', row = ''] = (await text(`${path}.csv`)).split('\r\n')
    const [last] = head.split(',').slice(-1)
    expect(last).toBe('recommendationWhy')
    expect(row.replaceAll('""', '"')).toContain(`,${action},${about.join(' ')},`)
    expect(row).toContain(recommendation.why)
  })

  it('is what /metrics tells of experiments that run or are paused', async () => {
    const { samples = [] } = readExposition(await text('/metrics')).get('pinwheel_recommendation') ?? {}
    const live = CASES.filter(({ headline }) => headline !== 'Not started' && !headline.startsWith('Stopped'))
    expect(samples.map(({ labels, value }) => [labels.experiment, labels.action, value]).sort()).toEqual(
      live.map(({ name, action }) => [name, action, 1]).sort(),
    )
  })

  it('is what webhooks are told when it is another one than to continue', async () => {
    const told = (await announced()).filter(({ type }) => type === 'recommendation')
    const due = CASES.filter(({ action }) => action !== 'continue' && action !== 'stopped')
    expect(told.map(({ data }) => [data.experiment, data.action, data.arms]).sort()).toEqual(
      due.map(({ name, action, about }) => [name, action, about]).sort(),
    )
    for (const { data } of told) {
      const { body } = await request(service.url).get(`/experiments/${data.experiment}/report.json`)
      expect(data).toMatchObject(body.recommendation)
    }
  })
})
