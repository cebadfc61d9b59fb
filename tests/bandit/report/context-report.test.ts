// The report of an experiment with features, from a store that holds it: what a contextual policy
// learned, lifts from rows, segments. The truth is known, since the test draws the outcomes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { evaluate } from '../../../src/bandit/report/evaluate.ts'
import { buildReport } from '../../../src/bandit/report/report.ts'
import type { Report } from '../../../src/bandit/report/report-data.ts'
import { type ReportInput, readReportInput } from '../../../src/bandit/report/report-input.ts'
import { sectionsJson } from '../../../src/bandit/report/sections/registry.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { csvReport } from '../../../src/views/csv/csv-report.ts'
import { htmlReport, htmlReportSections } from '../../../src/views/html/html-report.ts'
import { textReport, textReportParagraphs } from '../../../src/views/text/text-report.ts'

const NOON = Date.UTC(2026, 0, 5, 12)
const UNITS = 12_000
const CALL = 200

/** Members like `a`, all others `b`; on average over both halves the lifts are 0. */
function rateOf(arm: string, isMember: boolean): number {
  if (arm === 'control') return 0.2
  return (arm === 'a') === isMember ? 0.35 : 0.05
}

interface SegmentJson {
  readonly feature: string
  readonly level: string
  readonly lifts: Readonly<Record<string, { readonly verdict: string }>>
}

let store: Store
let early: Report
let input: ReportInput
let report: Report
// biome-ignore lint/suspicious/noExplicitAny: a test reads the fields that it expects
let json: any
const shares = { member: { a: 0, b: 0 }, other: { a: 0, b: 0 } }

beforeAll(async () => {
  store = await openStore('sqlite::memory:')
  const deps = { store, catalogue: await Catalogue.load(store) }
  const request = { actor: 'test', now: NOON, salt: 'salt' }
  const definition = completeDefinition({
    key: 'contextual',
    arms: [{ key: 'control' }, { key: 'a' }, { key: 'b' }],
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    features: [
      { key: 'member', type: 'boolean', segment: true },
      { key: 'recency', type: 'numeric', range: [0, 10] },
    ],
    policy: { type: 'contextual' },
  })
  await createExperiment(deps, definition, request)
  await setStatus(deps, 'contextual', 'running', request)
  const chance = seededChance(7)
  for (let from = 0, now = NOON; from < UNITS; from += CALL, now += 5_000) {
    const units = Array.from({ length: CALL }, (_, place) => {
      const isMember = chance() < 0.5
      const recency = chance() < 0.1 ? undefined : 10 * chance()
      return { unit: `u-${from + place}`, context: { member: isMember, ...(recency !== undefined && { recency }) } }
    })
    const assigned = await assign(deps, 'contextual', units, now)
    const rewards = assigned.flatMap(({ unit, arm }, place) => {
      const isMember = units[place]?.context.member === true
      if (from > UNITS / 2 && arm.key !== 'control') shares[isMember ? 'member' : 'other'][arm.key as 'a' | 'b'] += 1
      return chance() < rateOf(arm.key, isMember) ? [{ unit, metric: 'visit', value: 1 }] : []
    })
    await recordRewards(deps, rewards, now)
    if (from === 0) early = await reportOf(deps, now)
    await refreshSnapshots(deps, now + 2_000)
  }
  const { experiment } = deps.catalogue.get('contextual')
  input = await readReportInput(store, experiment)
  report = await buildReport(input, NOON + 3_600_000)
  json = JSON.parse(JSON.stringify(sectionsJson(report)))
})

async function reportOf({ catalogue }: { catalogue: Catalogue }, now: number): Promise<Report> {
  return buildReport(await readReportInput(store, catalogue.get('contextual').experiment), now)
}

afterAll(() => store.close())

describe('the report of a contextual experiment', () => {
  it('follows a policy that gives each context its better arm', () => {
    expect(shares.member.a).toBeGreaterThan(3 * shares.member.b)
    expect(shares.other.b).toBeGreaterThan(3 * shares.other.a)
  })

  it('has lifts that hold, where means of the units themselves mislead', () => {
    for (const { arm, lift, mean } of report.arms.slice(1)) {
      expect(lift?.verdict, arm).toBe('undecided')
      expect(lift?.lower).toBeLessThan(0)
      expect(lift?.upper).toBeGreaterThan(0)
      expect(Math.abs(lift?.estimate ?? 1)).toBeLessThan(0.03)
      // The control: each arm got the units that like it.
      expect(mean).toBeGreaterThan(0.27)
    }
    expect(report.sampleRatio.status).toBe('ok')
  })

  it('tells that the policy earned more than the control', () => {
    expect(report.policyLift.lower).toBeGreaterThan(0)
    expect(report.policyLift.estimate).toBeGreaterThan(0.05)
    expect(report.policyLift.upper).toBeLessThan(0.15)
    expect(report.notes.join(' ')).toMatch(/gives each context an arm of its own, and changed visit by \+11\.\d pp/)
  })

  it('finds the lifts in the segments', () => {
    const { levels, discoveries } = json.segments
    const verdicts = levels.map(({ feature, level, lifts }: SegmentJson) => [
      `${feature}=${level}`,
      Object.fromEntries(Object.entries(lifts).map(([arm, { verdict }]) => [arm, verdict])),
    ])
    expect(verdicts).toEqual([
      ['member=true', { a: 'better', b: 'worse' }],
      ['member=false', { a: 'worse', b: 'better' }],
      ['member=other', {}],
    ])
    expect(discoveries).toHaveLength(4)
    expect(json.segments.level).toBeCloseTo(1 - 0.05 / 6)
  })

  it('tells what is missing, what was learned, and what it is worth', () => {
    const { features, coefficients, adjustment, shrinkage } = json.context
    expect(features.map(({ key }: { key: string }) => key)).toEqual(['member', 'recency'])
    expect(features[0].missing).toBe(0)
    expect(features[1].missing).toBeGreaterThan(0.08)
    expect(features[1].missing).toBeLessThan(0.12)
    expect(coefficients.a.member.mean).toBeGreaterThan(0.1)
    expect(coefficients.b.member.mean).toBeLessThan(-0.1)
    expect(shrinkage).toBeLessThan(1_000)
    expect(adjustment.on).toBe(true)
    expect(adjustment.explained.a).toBeGreaterThan(0.02)
    expect(adjustment.asIfUnits).toBeGreaterThan(1.01)
    expect(json.drift).toBeNull()
  })

  it('says of few units that it is too early, instead of what chance explains', () => {
    const { context } = JSON.parse(JSON.stringify(sectionsJson(early)))
    expect(context).toMatchObject({ shrinkage: null, coefficients: {}, adjustment: { asIfUnits: 1 } })
    expect(context.adjustment.explained).toEqual({ control: null, a: null, b: null })
    expect([...textReportParagraphs(early)].join('\n')).toMatch(/too early to say what they tell/)
  })

  it('is shown as text, HTML and CSV', () => {
    const text = textReport(report, [...textReportParagraphs(report)])
    expect(text).toContain('Where the lift is')
    expect(text).toContain('Features')
    expect(text).toContain('member=true')
    expect(htmlReport(report, [...htmlReportSections(report)])).toContain('Where the lift is')
    expect(csvReport(report)).toContain('a,')
  })

  it('refuses to evaluate other shares, for which the sums do not suffice', () => {
    expect(() => evaluate(input, { a: 1 }, NOON)).toThrow(/depended on the context/)
  })
})
