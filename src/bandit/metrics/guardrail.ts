// A guardrail: a metric that must not suffer by more than its margin while another one is improved.
import type { Interval } from '../../stats/sequences/confidence-sequence.ts'
import type { ArmLift, GuardrailFinding, GuardrailVerdict } from '../report/report-data.ts'
import type { Metric } from './metric.ts'

export function judgeGuardrail(
  metric: Metric,
  arm: string,
  { verdict: _, ...lift }: ArmLift,
  isWithinWindow = false,
): GuardrailFinding {
  const margin = metric.margin ?? 0
  return { metric, arm, margin, verdict: verdictOf(metric, margin, lift), lift, isWithinWindow }
}

function verdictOf(
  { goal }: Metric,
  margin: number,
  { lower, upper }: Pick<Interval, 'lower' | 'upper'>,
): GuardrailVerdict {
  if (lower === null || upper === null) return 'undecided'
  // Harm counts upwards: for a metric that should decrease it is the lift itself, for the other
  // kind its negative.
  const [leastHarm, mostHarm] = goal === 'decrease' ? [lower, upper] : [-upper, -lower]
  if (leastHarm > margin) return 'harmed'
  return mostHarm < margin ? 'safe' : 'undecided'
}
