import { describe, expect, it } from 'vitest'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { judgeGuardrail } from '../../../src/bandit/metrics/guardrail.ts'
import type { Metric } from '../../../src/bandit/metrics/metric.ts'
import { liftOf } from '../../support/samples/sample-reports.ts'

/** A guardrail as it is when its margin is given, or left out. */
function guardrail(margin?: number): Metric {
  const [, metric] = completeDefinition({
    key: 'e',
    arms: [{ key: 'control' }, { key: 'mens' }],
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'leave', type: 'binary', role: 'guardrail', goal: 'decrease', ...(margin !== undefined && { margin }) },
    ],
  }).metrics
  return metric as Metric
}

const verdictOf = (metric: Metric, span: readonly [number, number, number]) =>
  judgeGuardrail(metric, 'mens', liftOf(span, { goal: 'decrease' })).verdict

describe('judgeGuardrail()', () => {
  it('finds an arm without an effect safe with a margin, and never with the margin 0 of one that gave none', () => {
    const noEffect = [0, -1e-6, 1e-6] as const
    expect(guardrail().margin).toBe(0)
    expect(verdictOf(guardrail(0.01), noEffect)).toBe('safe')
    expect(verdictOf(guardrail(), noEffect)).toBe('undecided')
  })

  it('finds an arm safe with the margin 0 only where it improves', () => {
    expect(verdictOf(guardrail(), [-0.02, -0.03, -0.01])).toBe('safe')
    expect(verdictOf(guardrail(), [0.02, 0.01, 0.03])).toBe('harmed')
  })
})
