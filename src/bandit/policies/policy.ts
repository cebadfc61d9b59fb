// A policy: how an experiment turns what it has learned into shares of the traffic. policy-input.ts
// says what makes one valid and what is filled in; propensities.ts and burn-in.ts carry it out.
import type { ContextualType, EvenType, LearningType, WeightedType } from './registry.ts'

/**
 * The Beta prior of a binary metric's rates. Continuous metrics have a prior without parameters.
 */
export interface Prior {
  readonly alpha: number
  readonly beta: number
}

/**
 * A share of the traffic, 0–1, that is spread evenly whatever was learned, so that every arm keeps
 * being tried: the same at all times, or one until every active arm has a verdict on the primary
 * metric and another one from then on, for good.
 */
export type Exploration = number | { readonly untilVerdict: number; readonly after: number }

/** Learns: each arm's share follows from what is believed of it. */
export interface LearningPolicy {
  readonly type: LearningType
  readonly exploration: Exploration
  /** The share reserved for the control; null: the control competes like the others. */
  readonly controlShare: number | null
  /**
   * An arm that is added later gets no more than an even share before it has so many mature units.
   * Absent: 0, which is off.
   */
  readonly burnIn?: number
  readonly prior: Prior
}

/** Learns a share of each arm for each context. */
export interface ContextualPolicy {
  readonly type: ContextualType
  /** At least {@link LEAST_CONTEXT_EXPLORATION}. */
  readonly exploration: number
  /** As of a learning policy. */
  readonly controlShare: number | null
  /** κ: how many units' worth of the common slopes each arm is lent; null: learned. */
  readonly shrinkage: number | null
  /** After which time a batch counts half, as `14d`; null: all batches count alike. */
  readonly halfLife: string | null
  readonly prior: Prior
}

/** Shares evenly. */
export interface EvenPolicy {
  readonly type: EvenType
  readonly controlShare: number | null
  readonly prior: Prior
}

export interface WeightedPolicy {
  readonly type: WeightedType
  /** The share of each active arm, by its key. */
  readonly weights: Readonly<Record<string, number>>
  readonly prior: Prior
}

export type Policy = LearningPolicy | ContextualPolicy | EvenPolicy | WeightedPolicy

/** No active arm ever gets less, so that every lift stays measurable. */
export const MIN_PROPENSITY = 0.001

/** At 0.02 an arm's mean left its interval in all of the 5 % of runs that are promised. */
export const LEAST_CONTEXT_EXPLORATION = 0.05

/**
 * The share that is spread evenly under a snapshot; null for a policy that does not learn.
 * `allDecided`: the snapshot's own, see `Snapshot`.
 */
export function explorationNow(policy: Policy, allDecided: boolean): number | null {
  if (!('exploration' in policy)) return null
  const { exploration } = policy
  if (typeof exploration === 'number') return exploration
  return allDecided ? exploration.after : exploration.untilVerdict
}

/** Whether the policy acts otherwise once every arm has a verdict. */
export function waitsForVerdicts(policy: Policy): boolean {
  return 'exploration' in policy && typeof policy.exploration !== 'number'
}
