// What retiring an arm means for the rest of an experiment. Pure, as change.ts is.

import type { Policy } from '../policies/policy.ts'
import type { ExperimentState } from './change.ts'
import type { Definition, Experiment } from './experiment.ts'

/**
 * The experiment with the arm retired; null when it is so already, or stopped. Fixed weights go to
 * the arms that stay, in proportion. Without a rival left a running experiment is paused: it has
 * nothing more to compare, and units that are assigned the control in the meantime would be lost to
 * an arm that comes later.
 */
export function retirement(experiment: Experiment, key: string): ExperimentState | null {
  const { definition, status } = experiment
  const arm = definition.arms.find(each => each.key === key)
  if (arm === undefined || arm.retired || status === 'stopped') return null
  const arms = definition.arms.map(each => (each === arm ? { ...each, retired: true } : each))
  const active = arms.filter(each => !each.retired).map(each => each.key)
  const next: Definition = { ...definition, arms, policy: policyWithout(definition.policy, key) }
  const hasRival = active.some(each => each !== definition.control)
  return { ...experiment, definition: next, status: status === 'running' && !hasRival ? 'paused' : status }
}

function policyWithout(policy: Policy, arm: string): Policy {
  if (!('weights' in policy)) return policy
  const kept = Object.entries(policy.weights).filter(([key]) => key !== arm)
  const sum = kept.reduce((total, [, weight]) => total + weight, 0)
  return { ...policy, weights: Object.fromEntries(kept.map(([key, weight]) => [key, weight / sum])) }
}
