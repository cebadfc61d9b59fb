// A policy: how an experiment turns what it has learned into shares of the traffic. This file says what a policy is and what makes
// one valid; propensities.ts carries it out.
import type { Fault } from './errors.ts'

export const POLICY_TYPES = ['thompson', 'exploration', 'uniform', 'fixed'] as const
export type PolicyType = (typeof POLICY_TYPES)[number]

/** The Beta prior of a binary metric's rates. Continuous metrics have a prior without parameters. */
export interface Prior {
  readonly alpha: number
  readonly beta: number
}

/** Learns: each arm's share follows its probability of being best. */
export interface LearningPolicy {
  readonly type: 'thompson' | 'exploration'
  /** The share of the traffic that is spread evenly whatever was learned, so that every arm keeps being tried. */
  readonly exploration: number
  /** The share reserved for the control; null: the control competes like the others. */
  readonly controlShare: number | null
  readonly prior: Prior
}

export interface UniformPolicy {
  readonly type: 'uniform'
  readonly controlShare: number | null
  readonly prior: Prior
}

export interface FixedPolicy {
  readonly type: 'fixed'
  /** The share of each active arm, by its key. */
  readonly weights: Readonly<Record<string, number>>
  readonly prior: Prior
}

export type Policy = LearningPolicy | UniformPolicy | FixedPolicy

/** A policy as a person writes it. */
export interface PolicyInput {
  readonly type: PolicyType
  readonly exploration?: number | undefined
  readonly controlShare?: number | null | undefined
  readonly weights?: Readonly<Record<string, number>> | undefined
  readonly prior?: { readonly alpha?: number | undefined; readonly beta?: number | undefined } | undefined
}

/** The arms as a policy sees them, by their keys. */
export interface ArmRoles {
  readonly control: string
  readonly active: readonly string[]
}

/** No active arm ever gets less, so that every lift stays measurable. */
export const MIN_PROPENSITY = 0.001

const DEFAULT_EXPLORATION = 0.1
const DEFAULT_CONTROL_SHARE = 0.2
const SUM_TOLERANCE = 1e-9
const PRIOR_RANGE = [0.01, 1e6] as const

/** Everything that is wrong with a policy for these arms. */
export function policyFaults(input: PolicyInput | undefined, arms: ArmRoles): Fault[] {
  const policy = input ?? { type: 'thompson' }
  const faults = [...misplacedFaults(policy), ...priorFaults(policy)]
  if (policy.type === 'fixed') faults.push(...weightsFaults(policy.weights, arms.active))
  else faults.push(...controlShareFaults(policy, arms), ...explorationFaults(policy, arms))
  return faults
}

/** Fills in the defaults for these arms. The input must be without faults. */
export function completePolicy(input: PolicyInput | undefined, arms: ArmRoles): Policy {
  const policy = input ?? { type: 'thompson' }
  const prior = { alpha: policy.prior?.alpha ?? 1, beta: policy.prior?.beta ?? 1 }
  if (policy.type === 'fixed') return { type: 'fixed', weights: { ...policy.weights }, prior }
  const controlShare = controlShareOf(policy, arms)
  if (policy.type === 'uniform') return { type: 'uniform', controlShare, prior }
  const exploration = policy.exploration ?? Math.max(DEFAULT_EXPLORATION, leastExploration(arms, controlShare))
  return { type: policy.type, exploration, controlShare, prior }
}

/** A reserved control brings verdicts sooner where arms compete; `uniform` means uniform unless one is asked for. */
function controlShareOf(policy: PolicyInput, { active, control }: ArmRoles): number | null {
  if (policy.controlShare !== undefined) return policy.controlShare
  const learns = policy.type === 'thompson' || policy.type === 'exploration'
  return learns && active.length >= 3 && active.includes(control) ? DEFAULT_CONTROL_SHARE : null
}

/** The smallest exploration that leaves every active arm its least propensity. */
function leastExploration({ active }: ArmRoles, controlShare: number | null): number {
  if (controlShare === null) return MIN_PROPENSITY * active.length
  const others = active.length - 1
  return others <= 1 ? 0 : (MIN_PROPENSITY * others) / (1 - controlShare)
}

function misplacedFaults(policy: PolicyInput): Fault[] {
  const faults: Fault[] = []
  if (policy.exploration !== undefined && (policy.type === 'uniform' || policy.type === 'fixed')) {
    faults.push({ path: 'policy.exploration', message: 'belongs to the policies thompson and exploration only' })
  }
  if (policy.weights !== undefined && policy.type !== 'fixed') {
    faults.push({ path: 'policy.weights', message: 'belongs to the policy fixed only' })
  }
  if (policy.controlShare != null && policy.type === 'fixed') {
    faults.push({ path: 'policy.controlShare', message: 'cannot go with fixed: give the control its weight instead' })
  }
  return faults
}

function priorFaults(policy: PolicyInput): Fault[] {
  const [least, most] = PRIOR_RANGE
  return (['alpha', 'beta'] as const).flatMap(name => {
    const value = policy.prior?.[name]
    if (value === undefined || (value >= least && value <= most)) return []
    return [{ path: `policy.prior.${name}`, message: `must be between ${least} and ${most}` }]
  })
}

function weightsFaults(weights: Readonly<Record<string, number>> | undefined, active: readonly string[]): Fault[] {
  if (weights === undefined) {
    return [{ path: 'policy.weights', message: 'is required for fixed: a share for each arm, with the sum 1' }]
  }
  const faults: Fault[] = []
  const given = new Map(Object.entries(weights))
  for (const arm of active) {
    if (!given.has(arm))
      faults.push({ path: 'policy.weights', message: `has no share for the arm ${JSON.stringify(arm)}` })
  }
  for (const [arm, weight] of given) {
    const path = `policy.weights.${arm}`
    if (!active.includes(arm)) faults.push({ path, message: 'is not an active arm' })
    if (!(weight >= MIN_PROPENSITY)) faults.push({ path, message: `must be at least ${MIN_PROPENSITY}` })
  }
  const sum = [...given.values()].reduce((total, weight) => total + weight, 0)
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    faults.push({ path: 'policy.weights', message: `must sum to 1, not ${Number(sum.toPrecision(12))}` })
  }
  return faults
}

function controlShareFaults(policy: PolicyInput, { control, active }: ArmRoles): Fault[] {
  const share = policy.controlShare
  if (share == null) return []
  const path = 'policy.controlShare'
  if (!active.includes(control)) return [{ path, message: `needs an active control, and "${control}" is retired` }]
  const most = 1 - MIN_PROPENSITY * (active.length - 1)
  if (share >= MIN_PROPENSITY && share <= most) return []
  return [{ path, message: `must be between ${MIN_PROPENSITY} and ${most}, or null for none` }]
}

function explorationFaults(policy: PolicyInput, arms: ArmRoles): Fault[] {
  const { exploration } = policy
  if (exploration === undefined || policy.type === 'uniform' || arms.active.length === 0) return []
  const least = leastExploration(arms, controlShareOf(policy, arms))
  if (exploration >= least && exploration <= 1) return []
  const why = `so that each of ${arms.active.length} arms keeps a share of at least ${MIN_PROPENSITY}`
  return [{ path: 'policy.exploration', message: `must be between ${Number(least.toPrecision(6))} (${why}) and 1` }]
}
