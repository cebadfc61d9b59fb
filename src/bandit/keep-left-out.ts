// A change of an experiment says what shall be other than it is: what it leaves out stays. Null
// clears what may be null. Of the policy, policy-input.ts says what stays.
import type { ArmInput, MetricInput, ReadableDefinition } from './definition-input.ts'
import type { Definition } from './experiment.ts'
import type { Metric } from './metric.ts'

/**
 * The input with what it leaves out taken from the definition that the experiment has. Its lists of
 * arms and metrics, where it has them, are as given; each arm and metric keeps what it leaves out.
 */
export function keepLeftOut(input: ReadableDefinition, kept: Definition): ReadableDefinition {
  const arms = input.arms?.map(keptArms(kept)) ?? kept.arms
  return {
    key: input.key ?? kept.key,
    description: input.description ?? kept.description,
    arms,
    // Of a draft the control may be taken out: then it is the first arm.
    control: input.control ?? (arms.some(arm => arm?.key === kept.control) ? kept.control : undefined),
    metrics: input.metrics?.map(keptMetrics(kept, input.metrics)) ?? kept.metrics,
    policy: input.policy,
    alpha: input.alpha ?? kept.alpha,
    plannedUnits: input.plannedUnits ?? kept.plannedUnits,
    onHarm: input.onHarm === undefined ? kept.onHarm : input.onHarm,
    minDuration: input.minDuration === undefined ? kept.minDuration : input.minDuration,
  }
}

function keptArms({ arms }: Definition) {
  const known = new Map(arms.map(arm => [arm.key, arm]))
  return (arm: ArmInput | undefined): ArmInput | undefined => {
    const kept = arm && known.get(arm.key)
    if (kept === undefined) return arm
    const { key, payload = kept.payload, retired = kept.retired } = arm as ArmInput
    return { key, payload, retired }
  }
}

/**
 * A range stays with its type, a margin with its role; the primary metric stays so unless the input
 * names another one.
 */
function keptMetrics({ metrics }: Definition, given: readonly (MetricInput | undefined)[]) {
  const known = new Map(metrics.map(metric => [metric.key, metric]))
  const isPrimaryNamed = given.some(metric => metric?.role === 'primary')
  return (metric: MetricInput | undefined): MetricInput | undefined => {
    const kept = metric && known.get(metric.key)
    return kept === undefined ? metric : keptMetric(metric as MetricInput, kept, isPrimaryNamed)
  }
}

function keptMetric(metric: MetricInput, kept: Metric, isPrimaryNamed: boolean): MetricInput {
  const { key, type, goal = kept.goal, window = kept.window } = metric
  const role = metric.role ?? (kept.role === 'primary' && isPrimaryNamed ? 'secondary' : kept.role)
  const range = metric.range ?? (type === kept.type ? kept.range : undefined)
  const margin = metric.margin === undefined && role === 'guardrail' ? kept.margin : metric.margin
  return { key, type, role, goal, window, range, margin }
}
