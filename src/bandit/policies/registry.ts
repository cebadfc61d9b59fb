// Every policy, in the order in which people are shown them. The first is what a definition gets
// that names none.
import { contextual } from './contextual.ts'
import { epsilonGreedy } from './epsilon-greedy.ts'
import { exploration } from './exploration.ts'
import { fixed } from './fixed.ts'
import type { Weigh } from './kind.ts'
import { thompson } from './thompson.ts'
import { uniform } from './uniform.ts'

export const POLICIES = [thompson, exploration, epsilonGreedy, uniform, fixed, contextual] as const

export type PolicyType = (typeof POLICIES)[number]['type']

/** Those that learn, by the same shares for all units of a snapshot. */
export type LearningType = Extract<(typeof POLICIES)[number], { readonly weigh: Weigh }>['type']

/** Those whose shares are set by a person. */
export type WeightedType = Extract<(typeof POLICIES)[number], { readonly hasWeights: true }>['type']

/** Those that read each unit's context. */
export type ContextualType = Extract<(typeof POLICIES)[number], { readonly readsContext: true }>['type']

/** Those that share evenly. */
export type EvenType = Exclude<PolicyType, LearningType | WeightedType | ContextualType>

export const POLICY_TYPES = POLICIES.map(({ type }) => type) as [PolicyType, ...PolicyType[]]

export const LEARNING_TYPES = POLICIES.flatMap(({ type, weigh }) => (weigh === null ? [] : [type])) as [
  LearningType,
  ...LearningType[],
]

export const WEIGHTED_TYPES = POLICIES.flatMap(({ type, hasWeights }) => (hasWeights ? [type] : [])) as [
  WeightedType,
  ...WeightedType[],
]

export const CONTEXTUAL_TYPES = POLICIES.flatMap(policy => ('readsContext' in policy ? [policy.type] : [])) as [
  ContextualType,
  ...ContextualType[],
]

export const EVEN_TYPES = POLICY_TYPES.filter(type => !learns(type) && !hasWeights(type) && !readsContext(type)) as [
  EvenType,
  ...EvenType[],
]

/** False also for a type that does not exist. */
export function hasWeights(type: string | null | undefined): type is WeightedType {
  return (WEIGHTED_TYPES as readonly string[]).includes(type ?? '')
}

/** False also for a type that does not exist. */
export function learns(type: string | null | undefined): type is LearningType {
  return (LEARNING_TYPES as readonly string[]).includes(type ?? '')
}

/** False also for a type that does not exist. */
export function readsContext(type: string | null | undefined): type is ContextualType {
  return (CONTEXTUAL_TYPES as readonly string[]).includes(type ?? '')
}

export function weighOf(type: LearningType): Weigh {
  const kind = POLICIES.find(known => known.type === type)
  if (kind?.weigh == null) throw new TypeError(`The policy ${type} does not learn`)
  return kind.weigh
}
