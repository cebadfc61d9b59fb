// A guardrail: a metric that must not suffer by more than its margin while another one is improved.
import type { Interval } from '../stats/confidence-sequence.ts'
import type { Lift } from '../stats/lift.ts'
import type { Metric } from './metric.ts'

/** Read off the interval of the lift: `harmed` when it lies wholly beyond the margin, `safe` when wholly on the good side of it. */
export type GuardrailVerdict = 'harmed' | 'safe' | 'undecided'

export interface GuardrailFinding {
  readonly metric: Metric
  readonly arm: string
  readonly margin: number
  readonly verdict: GuardrailVerdict
  readonly lift: Lift
}

export function judgeGuardrail(metric: Metric, arm: string, lift: Lift): GuardrailFinding {
  const margin = metric.margin ?? 0
  return { metric, arm, margin, verdict: verdictOf(metric, margin, lift), lift }
}

function verdictOf(
  { goal }: Metric,
  margin: number,
  { lower, upper }: Pick<Interval, 'lower' | 'upper'>,
): GuardrailVerdict {
  if (lower === null || upper === null) return 'undecided'
  // Harm counts upwards: for a metric that should decrease it is the lift itself, for the other kind its negative.
  const [leastHarm, mostHarm] = goal === 'decrease' ? [lower, upper] : [-upper, -lower]
  if (leastHarm > margin) return 'harmed'
  return mostHarm < margin ? 'safe' : 'undecided'
}
