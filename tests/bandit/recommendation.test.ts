import { describe, expect, it } from 'vitest'
import type { Findings } from '../../src/bandit/findings.ts'
import { judgeGuardrail } from '../../src/bandit/guardrail.ts'
import { recommend } from '../../src/bandit/recommendation.ts'
import { binaryArm, liftOf, sampleReport, UNSUBSCRIBE, VISIT } from '../support/sample-reports.ts'

const BETTER = liftOf([0.05, 0.02, 0.08])
const BEST = liftOf([0.07, 0.01, 0.13])
const OPEN = liftOf([0.01, -0.02, 0.04])
const WORSE = liftOf([-0.05, -0.08, -0.02])

const control = binaryArm('control', 1_000, 100, { isControl: true, lift: null })
const arm = (key: string, lift: typeof OPEN, status: 'active' | 'retired' = 'active') =>
  binaryArm(key, 1_000, 110, { isControl: false, lift, status })
const harm = (key: string) => judgeGuardrail(UNSUBSCRIBE, key, liftOf([0.05, 0.03, 0.07], { goal: 'decrease' }))
const alarm = { ...sampleReport().sampleRatio, status: 'alarm' as const }

function findings(arms: Findings['arms'], facts: Partial<Findings> = {}): Findings {
  return {
    ...sampleReport(),
    status: 'running',
    winner: null,
    guardrails: [],
    metric: VISIT,
    control: 'control',
    arms,
    ...facts,
  }
}

describe('recommend()', () => {
  it.each<[string, Findings, string, string | null]>([
    ['ships the best of the better arms', findings([control, arm('a', BETTER), arm('b', BEST)]), 'ship', 'b'],
    ['ships no retired arm', findings([control, arm('a', BETTER), arm('b', BEST, 'retired')]), 'ship', 'a'],
    [
      'ships no arm that harms',
      findings([control, arm('a', BETTER), arm('b', BEST)], { guardrails: [harm('b')] }),
      'ship',
      'a',
    ],
    [
      'retires an arm that harms',
      findings([control, arm('a', BETTER), arm('b', OPEN)], { guardrails: [harm('a')] }),
      'stop',
      'a',
    ],
    [
      'lets a retired arm rest',
      findings([control, arm('a', OPEN), arm('b', BEST, 'retired')], { guardrails: [harm('b')] }),
      'continue',
      null,
    ],
    [
      'keeps the control when all others are worse',
      findings([control, arm('a', WORSE), arm('b', WORSE)]),
      'stop',
      'control',
    ],
    ['waits while one may still be better', findings([control, arm('a', WORSE), arm('b', OPEN)]), 'continue', null],
    ['distrusts before it ships', findings([control, arm('a', BETTER)], { sampleRatio: alarm }), 'stop', null],
    [
      'is over when stopped',
      findings([control, arm('a', OPEN)], { status: 'stopped', winner: 'control' }),
      'stop',
      'control',
    ],
  ])('%s', (_, facts, action, about) => {
    expect(recommend(facts)).toMatchObject({ action, arm: about })
  })

  it('ships the lowest where low is good', () => {
    const metric = { ...VISIT, goal: 'decrease' as const }
    const lower = (span: readonly [number, number, number]) => liftOf(span, { goal: 'decrease' })
    const arms = [control, arm('a', lower([-0.05, -0.08, -0.02])), arm('b', lower([-0.07, -0.13, -0.01]))]
    expect(recommend(findings(arms, { metric }))).toMatchObject({ action: 'ship', arm: 'b' })
  })

  it('says nothing on a metric that decides nothing', () => {
    expect(recommend(findings([control, arm('a', BETTER)], { metric: { ...VISIT, role: 'secondary' } }))).toBeNull()
  })
})
