// A change of an experiment says what shall be other than it is: what it leaves out stays. Null
// clears what may be null. Of the policy, policy-input.ts says what stays.

import type { ReadableFeature } from '../features/feature-input.ts'
import type { Metric } from '../metrics/metric.ts'
import type { ReadableArm, ReadableDefinition, ReadableMetric } from './definition-input.ts'
import type { Definition } from './experiment.ts'

/**
 * The input with what it leaves out taken from the definition that the experiment has. Its lists of
 * arms and metrics, where it has them, are as given; each arm and metric keeps what it leaves out.
 */
export function keepLeftOut(input: ReadableDefinition, kept: Definition): ReadableDefinition {
  const arms = input.arms?.map(keptArms(kept)) ?? kept.arms
  const features = input.features?.map(keptFeatures(kept)) ?? (input.features === null ? null : kept.features)
  const adjust = input.adjust === undefined && features?.length !== 0 ? kept.adjust : input.adjust
  const isKeptControlThere = arms.some(arm => arm?.key === kept.control)
  return {
    key: input.key ?? kept.key,
    description: input.description ?? kept.description,
    arms,
    // Of a draft the control may be taken out: then it is the first arm.
    control: input.control === undefined && isKeptControlThere ? kept.control : input.control,
    metrics: input.metrics?.map(keptMetrics(kept, input.metrics)) ?? kept.metrics,
    policy: input.policy,
    features,
    adjust,
    alpha: input.alpha ?? kept.alpha,
    plannedUnits: input.plannedUnits ?? kept.plannedUnits,
    onHarm: input.onHarm === undefined ? kept.onHarm : input.onHarm,
    minDuration: input.minDuration === undefined ? kept.minDuration : input.minDuration,
  }
}

function keptArms({ arms }: Definition) {
  const known = new Map(arms.map(arm => [arm.key, arm]))
  return (arm: ReadableArm | null): ReadableArm | null => {
    const kept = known.get(arm?.key ?? '')
    if (arm === null || kept === undefined) return arm
    const { key, payload = kept.payload, retired = kept.retired } = arm
    return { key, payload, retired }
  }
}

/** A feature of another type keeps nothing. */
function keptFeatures({ features = [] }: Definition) {
  const known = new Map(features.map(feature => [feature.key, feature]))
  return (feature: ReadableFeature | null): ReadableFeature | null => {
    const kept = known.get(feature?.key ?? '')
    if (feature === null || kept === undefined || (feature.type !== undefined && feature.type !== kept.type)) {
      return feature
    }
    const given = Object.entries(feature).filter(([, value]) => value !== undefined)
    return { ...kept, ...Object.fromEntries(given) }
  }
}

/**
 * A range stays with its type, a margin with its role; the primary metric stays so unless the input
 * names another one.
 */
function keptMetrics({ metrics }: Definition, given: readonly (ReadableMetric | null)[]) {
  const known = new Map(metrics.map(metric => [metric.key, metric]))
  const isPrimaryNamed = given.some(metric => metric?.role === 'primary')
  return (metric: ReadableMetric | null): ReadableMetric | null => {
    const kept = known.get(metric?.key ?? '')
    if (metric === null) return null
    // A new metric that has no type is judged by what else it has.
    return kept === undefined ? { ...metric, type: metric.type ?? null } : keptMetric(metric, kept, isPrimaryNamed)
  }
}

function keptMetric(metric: ReadableMetric, kept: Metric, isPrimaryNamed: boolean): ReadableMetric {
  const { key, type = kept.type, goal = kept.goal, window = kept.window } = metric
  const keptRole = kept.role === 'primary' && isPrimaryNamed ? 'secondary' : kept.role
  const role = metric.role === undefined ? keptRole : metric.role
  const range = metric.range === undefined && type === kept.type ? kept.range : metric.range
  const margin = metric.margin === undefined && role === 'guardrail' ? kept.margin : metric.margin
  return { key, type, role, goal, window, range, margin }
}
