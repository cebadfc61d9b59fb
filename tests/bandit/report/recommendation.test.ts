import { describe, expect, it } from 'vitest'
import { judgeGuardrail } from '../../../src/bandit/metrics/guardrail.ts'
import { recommend } from '../../../src/bandit/report/recommendation.ts'
import type { Action, ReportData } from '../../../src/bandit/report/report-data.ts'
import { binaryArm, liftOf, SPEND, sampleReport, UNSUBSCRIBE, VISIT } from '../../support/samples/sample-reports.ts'

type Span = readonly [estimate: number, lower: number, upper: number]

const BETTER = liftOf([0.05, 0.02, 0.08])
const BEST = liftOf([0.07, 0.01, 0.13])
const OPEN = liftOf([0.01, -0.02, 0.04])
const WORSE = liftOf([-0.05, -0.08, -0.02])

const control = binaryArm('control', 1_000, 100, { isControl: true, lift: null })
const arm = (key: string, lift: typeof OPEN, facts: Partial<ReportData['arms'][number]> = {}) =>
  binaryArm(key, 1_000, 110, { isControl: false, lift, ...facts })

const REFUND = { ...UNSUBSCRIBE, key: 'refund', role: 'guardrail' as const }
const guard = (key: string, span: Span) => judgeGuardrail(REFUND, key, liftOf(span, { goal: 'decrease' }))
const harm = (key: string) => guard(key, [0.05, 0.03, 0.07])
const open = (key: string) => guard(key, [0.0355, -0.01, 0.061])
const safe = (key: string) => guard(key, [0.001, -0.004, 0.006])
const alarm = { ...sampleReport().sampleRatio, status: 'alarm' as const }
/** `winner` beats `loser`. */
const pair = (winner: string, loser: string) => [
  { arm: winner, over: loser, lower: 0.001, upper: 0.05, verdict: 'better' as const },
  { arm: loser, over: winner, lower: -0.05, upper: -0.001, verdict: 'worse' as const },
]
const clipped = (key: string, above: number, below = 0, metric: ReportData['metric'] = SPEND) => ({
  metric,
  arm: key,
  units: 1_000,
  rewarded: 1_000,
  above,
  below,
})

const GENERATED_AT = sampleReport().generatedAt

function reportData(arms: ReportData['arms'], facts: Partial<ReportData> = {}): ReportData {
  return {
    ...sampleReport(),
    status: 'running',
    winner: null,
    guardrails: [],
    metric: VISIT,
    control: 'control',
    arms: [control, ...arms],
    ...facts,
  }
}

const two = [arm('a', BETTER, { probabilityBest: 0.376 }), arm('b', BEST, { probabilityBest: 0.087 })]

describe('recommend()', () => {
  it.each<[string, ReportData, Action, readonly string[], RegExp?]>([
    ['ships the only better arm', reportData([arm('a', BETTER), arm('b', OPEN)]), 'ship', ['a'], /lies above 0/],
    [
      'says so where an arm that is not proven is more probably best',
      reportData([
        arm('headline-18', BETTER, { probabilityBest: 0.087 }),
        arm('headline-3', OPEN, { probabilityBest: 0.376 }),
      ]),
      'ship',
      ['headline-18'],
      /look; headline-3 may be better still \(P\(best\) 37\.6 % beside 8\.7 %\), but is not proven\.$/,
    ],
    ['ships no retired arm', reportData([arm('a', BETTER), arm('b', BEST, { status: 'retired' })]), 'ship', ['a']],
    [
      'ships the arm that beats the other better ones',
      reportData(two, { pairs: pair('b', 'a') }),
      'ship',
      ['b'],
      /a is better than control too, and b beats a by \+0\.1 … \+5\.0 pp\.$/,
    ],
    [
      'ships the better arm with a P(best) of 95 % and more',
      reportData([arm('a', BETTER, { probabilityBest: 0.95 }), arm('b', BEST, { probabilityBest: 0.05 })]),
      'ship',
      ['a'],
      /P\(best\) of a is 95\.0 %\.$/,
    ],
    [
      'leaves the choice where no better arm stands out',
      reportData(two),
      'choose',
      ['a', 'b'],
      /^a, b are better than control; which of them is best is open \(P\(best\): a 37\.6 %, b 8\.7 %\)\.$/,
    ],
    [
      'does not ship by P(best) alone: the arm must have beaten the control',
      reportData([arm('a', OPEN, { probabilityBest: 0.99 })]),
      'continue',
      [],
    ],
    [
      'ships an arm whose guardrails are all safe',
      reportData([arm('a', BETTER)], { guardrails: [safe('a')] }),
      'ship',
      ['a'],
    ],
    [
      'waits for the guardrail of a better arm, and tells how it stands',
      reportData([arm('b', BETTER)], { guardrails: [open('b')] }),
      'continue',
      [],
      /^b is better than control, but guardrail refund of b is undecided: −1\.0 … \+6\.1 pp \(margin 1 pp\)\.$/,
    ],
    [
      'names the window that a guardrail waits for',
      reportData([arm('b', BETTER)], { guardrails: [{ ...open('b'), isWithinWindow: true }] }),
      'continue',
      [],
      /guardrail refund of b is undecided: every unit is still within its window of 14d\.$/,
    ],
    [
      'names a worse arm while it waits for a guardrail',
      reportData([arm('b', BETTER), arm('c', WORSE)], { guardrails: [open('b'), open('c')] }),
      'continue',
      [],
      /c is worse than control\.$/,
    ],
    [
      'ships the best arm though the guardrail of another better one is open',
      reportData(two, { guardrails: [open('a'), safe('b')], pairs: pair('b', 'a') }),
      'ship',
      ['b'],
    ],
    [
      'waits where the best arm is the one with the open guardrail',
      reportData(two, { guardrails: [safe('a'), open('b')], pairs: pair('b', 'a') }),
      'continue',
      [],
      /guardrail refund of b/,
    ],
    [
      'leaves no choice that an open guardrail may still take away',
      reportData(two, { guardrails: [safe('a'), open('b')] }),
      'continue',
      [],
      /^a, b are better than control, but guardrail refund of b/,
    ],
    [
      'does not wait for the guardrail of an arm that is not better',
      reportData([arm('a', BETTER), arm('b', OPEN)], { guardrails: [safe('a'), open('b')] }),
      'ship',
      ['a'],
    ],
    [
      'retires what harms before it ships, also when another arm is better',
      reportData([arm('a', BETTER), arm('b', OPEN)], { guardrails: [safe('a'), harm('b')] }),
      'retire',
      ['b'],
      /^b harms refund by more than its margin of 1 pp: \+3\.0 … \+7\.0 pp\.$/,
    ],
    [
      'retires all that harm at once',
      reportData([arm('a', BETTER), arm('b', OPEN)], { guardrails: [harm('a'), harm('b')] }),
      'retire',
      ['a', 'b'],
    ],
    [
      'leaves a retired arm alone, whatever it harmed',
      reportData([arm('a', OPEN), arm('b', BEST, { status: 'retired' })], { guardrails: [harm('b')] }),
      'continue',
      [],
    ],
    [
      'keeps the control when all others are worse',
      reportData([arm('a', WORSE), arm('b', WORSE)]),
      'keep',
      ['control'],
      /^a, b are worse than control\.$/,
    ],
    [
      'says how to go back to a control that is retired',
      { ...reportData([]), arms: [{ ...control, status: 'retired' }, arm('a', WORSE), arm('b', WORSE)] },
      'keep',
      ['control'],
      /^a, b are worse than control\. control is retired and gets no new units: stop the experiment with control as the winner\.$/,
    ],
    [
      'retires what is worse while another arm may be better',
      reportData([arm('a', WORSE), arm('b', OPEN)]),
      'retire',
      ['a'],
      /^a is worse than control: −8\.0 … −2\.0 pp\. Whether another arm is better is open\.$/,
    ],
    ['ships before it retires what is worse', reportData([arm('a', BETTER), arm('b', WORSE)]), 'ship', ['a']],
    ['waits', reportData([arm('a', OPEN)]), 'continue', [], /The interval of a's lift in visit still contains 0/],
    [
      'investigates a sample ratio before it ships',
      reportData([arm('a', BETTER)], { sampleRatio: alarm, guardrails: [harm('a')] }),
      'investigate',
      [],
      /propensities promised/,
    ],
    [
      'names the arms whose units are farthest from their shares',
      reportData([arm('a', BETTER), arm('b', OPEN)], { sampleRatio: { ...alarm, logEValues: [0.3, 6.8, 7] } }),
      'investigate',
      [],
      /promised \(most of all b\): find the cause/,
    ],
    [
      'investigates where a fifth of the units of an arm is clipped',
      reportData([arm('a', BETTER)], { clippings: [clipped('control', 966), clipped('a', 966)] }),
      'investigate',
      [],
      /^spend has the range \[0, 500\], but 96\.6 % of the outcomes are above: cents instead of dollars\?$/,
    ],
    [
      'investigates where all who buy are clipped, however few buy',
      reportData([arm('a', BETTER)], {
        clippings: [clipped('control', 60), clipped('a', 120)].map(each => ({ ...each, rewarded: each.above })),
      }),
      'investigate',
      [],
      /^spend has the range \[0, 500\], but all units with rewards are above: cents instead of dollars\?$/,
    ],
    [
      'names the arms where not all are clipped so much',
      reportData([arm('a', BETTER)], { clippings: [clipped('control', 100), clipped('a', 0, 200)] }),
      'investigate',
      [],
      /20\.0 % of the outcomes of a are below: refunds\?$/,
    ],
    [
      'investigates a guardrail that is clipped so much',
      reportData([arm('a', BETTER)], {
        guardrails: [safe('a')],
        clippings: [clipped('a', 500, 0, { ...SPEND, key: 'refunded', role: 'guardrail' })],
      }),
      'investigate',
      [],
      /refunded has the range/,
    ],
    [
      'does not mind a few clipped units',
      reportData([arm('a', BETTER)], { clippings: [clipped('control', 199), clipped('a', 199)] }),
      'ship',
      ['a'],
    ],
    [
      'does not mind fewer than ten clipped units, whatever their share',
      reportData([arm('a', BETTER)], { clippings: [{ ...clipped('a', 9), units: 9, rewarded: 9 }] }),
      'ship',
      ['a'],
    ],
    [
      'investigates rewards that stopped coming',
      reportData([arm('a', BETTER)], {
        silence: { since: Date.UTC(2026, 10, 22, 9), units: 1_234, missingRewards: 60.4 },
      }),
      'investigate',
      [],
      /^No reward of visit has come since 2026-11-22 09:00 UTC, while 1,234 units came: .* about 60\.$/,
    ],
    [
      'investigates an arm of which no reward comes',
      reportData([arm('a', BETTER)], { missing: [{ metric: VISIT, arm: 'control', units: 2_000, expected: 20.2 }] }),
      'investigate',
      [],
      /^No reward of visit has come for any of the 2,000 units of control, /,
    ],
    [
      'retires what harms a guardrail that other arms have no reward of',
      reportData([arm('a', BETTER), arm('b', OPEN)], {
        guardrails: [safe('a'), harm('b')],
        missing: [{ metric: REFUND, arm: 'a', units: 2_000, expected: 20.2 }],
      }),
      'retire',
      ['b'],
    ],
    [
      'ships an arm though another one has no reward of a guardrail',
      reportData([arm('a', BETTER), arm('b', OPEN)], {
        missing: [{ metric: REFUND, arm: 'b', units: 2_000, expected: 20.2 }],
      }),
      'ship',
      ['a'],
    ],
    [
      'ships no arm that has no reward of a guardrail, and waits for no shortest duration to say so',
      reportData([arm('a', BETTER)], {
        missing: [{ metric: REFUND, arm: 'a', units: 2_000, expected: 20.2 }],
        minDuration: { text: '30d', until: GENERATED_AT + 1 },
      }),
      'investigate',
      [],
      /^No reward of refund has come for any of the 2,000 units of a, .* at least 20 units of a would have one\. Are they sent\?$/,
    ],
    [
      'decides nothing before the shortest duration is over, and tells what it would say',
      reportData([arm('a', BETTER)], { minDuration: { text: '30d', until: GENERATED_AT + 1 } }),
      'continue',
      [],
      /^The experiment runs for at least 30d, until 2026-11-22 10:05 UTC, and nothing is decided before\. The whole interval of a's lift/,
    ],
    [
      'keeps and retires for being worse only after it, too',
      reportData([arm('a', WORSE)], { minDuration: { text: '30d', until: GENERATED_AT + 1 } }),
      'continue',
      [],
      /before\. a is worse than control\.$/,
    ],
    [
      'ships from the end of the shortest duration on',
      reportData([arm('a', BETTER)], { minDuration: { text: '30d', until: GENERATED_AT } }),
      'ship',
      ['a'],
    ],
    [
      'does not wait for it where an arm does harm',
      reportData([arm('a', BETTER)], {
        guardrails: [harm('a')],
        minDuration: { text: '30d', until: GENERATED_AT + 1 },
      }),
      'retire',
      ['a'],
    ],
    [
      'says that a draft is not started',
      reportData([arm('a', OPEN)], { status: 'draft' }),
      'continue',
      [],
      /^The experiment is not started/,
    ],
    [
      'says what a pause means',
      reportData([arm('a', OPEN)], { status: 'paused' }),
      'continue',
      [],
      /^New units get control, and nothing is kept of them\. The interval/,
    ],
    ['ships from a pause, too', reportData([arm('a', BETTER)], { status: 'paused' }), 'ship', ['a']],
    [
      'tells of a stopped experiment what speaks for the winner',
      reportData([arm('a', BETTER)], { status: 'stopped', winner: 'a', sampleRatio: alarm }),
      'stopped',
      ['a'],
      /^Every unit gets a; a is better than control: \+2\.0 … \+8\.0 pp\.$/,
    ],
    [
      'tells that nothing was shown of a winner that a person chose',
      reportData([arm('a', OPEN)], { status: 'stopped', winner: 'a' }),
      'stopped',
      ['a'],
      /^Every unit gets a; the interval of the lift of a contains 0: −2\.0 … \+4\.0 pp\.$/,
    ],
    [
      'tells which harm a winner does',
      reportData([arm('a', BETTER)], { status: 'stopped', winner: 'a', guardrails: [harm('a')] }),
      'stopped',
      ['a'],
      /; a harms refund by more than its margin/,
    ],
    [
      'tells that the control was kept although an arm is better',
      reportData([arm('a', BETTER)], { status: 'stopped', winner: 'control' }),
      'stopped',
      ['control'],
      /^Every unit gets control, although a is better\.$/,
    ],
    [
      'is over without a winner',
      reportData([arm('a', OPEN)], { status: 'stopped' }),
      'stopped',
      [],
      /^Units keep their arms/,
    ],
  ])('%s', (_, facts, action, arms, why = /\S/) => {
    const found = recommend(facts)
    expect(found).toMatchObject({ action, arms, arm: arms.length === 1 ? arms[0] : null })
    expect(found?.why).toMatch(why)
  })

  it('says how many units usually suffice while it is too early', () => {
    const early = { ...liftOf([0.1, -1, 1]), sufficientUnits: 222 }
    const facts = reportData([arm('a', early), arm('b', early)], { units: 40 })
    expect(recommend(facts)?.why).toBe('Too early to compare: usually about 230 units suffice; there are 40.')
    expect(recommend({ ...facts, units: 300 })?.why).toBe(
      'Too early to compare: usually about 230 units suffice, but here it takes more.',
    )
    const guarded = reportData([arm('a', BETTER)], { guardrails: [judgeGuardrail(REFUND, 'a', early)] })
    expect(recommend(guarded)?.why).toContain('guardrail refund of a is undecided: too early')
  })

  it('reads lower as better where low is good', () => {
    const metric = { ...VISIT, goal: 'decrease' as const }
    const lower = (span: Span) => liftOf(span, { goal: 'decrease' })
    const arms = [arm('a', lower([-0.05, -0.08, -0.02])), arm('b', lower([-0.07, -0.13, -0.01]))]
    expect(recommend(reportData(arms, { metric }))).toMatchObject({ action: 'choose' })
    const pairs = pair('b', 'a').map(each => ({ ...each, lower: -0.05, upper: -0.001 }))
    expect(recommend(reportData(arms, { metric, pairs }))).toMatchObject({ action: 'ship', arm: 'b' })
  })

  it('says nothing on a metric that decides nothing', () => {
    for (const role of ['secondary', 'guardrail'] as const)
      expect(recommend(reportData([arm('a', BETTER)], { metric: { ...VISIT, role } }))).toBeNull()
  })
})
