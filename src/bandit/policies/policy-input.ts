// A policy as a person writes it: what makes one valid, what is filled in, and what stays of the
// one that an experiment has.
import type { Fault } from '../errors.ts'
import { formatWindow, parseWindow } from '../metrics/metric.ts'
import {
  type ContextualPolicy,
  type Exploration,
  LEAST_CONTEXT_EXPLORATION,
  type LearningPolicy,
  MIN_PROPENSITY,
  type Policy,
  type WeightedPolicy,
} from './policy.ts'
import {
  CONTEXTUAL_TYPES,
  hasWeights,
  LEARNING_TYPES,
  learns,
  POLICY_TYPES,
  type PolicyType,
  readsContext,
  WEIGHTED_TYPES,
} from './registry.ts'

/** A policy as a person writes it. What is left out has a default, or stays as it is. */
export interface PolicyInput {
  readonly type?: PolicyType | undefined
  readonly exploration?: ExplorationInput | undefined
  readonly controlShare?: number | null | undefined
  readonly burnIn?: number | undefined
  readonly shrinkage?: number | null | undefined
  readonly halfLife?: string | null | undefined
  readonly weights?: Readonly<Record<string, number>> | undefined
  readonly prior?: { readonly alpha?: number | undefined; readonly beta?: number | undefined } | undefined
}

/** Of two shares either may be unreadable; then the other one is judged alone. */
export type ExplorationInput =
  | number
  | { readonly untilVerdict?: number | null | undefined; readonly after?: number | null | undefined }

/** What of a policy could be read; null stands for what could not, and is not judged. */
export interface ReadablePolicy {
  readonly type?: PolicyType | null | undefined
  readonly exploration?: ExplorationInput | null | undefined
  readonly controlShare?: number | null | undefined
  readonly burnIn?: number | null | undefined
  readonly shrinkage?: number | null | undefined
  readonly halfLife?: string | null | undefined
  readonly weights?: Readonly<Record<string, number | null>> | null | undefined
  readonly prior?:
    | { readonly alpha?: number | null | undefined; readonly beta?: number | null | undefined }
    | null
    | undefined
}

/** The arms as a policy sees them, by their keys. */
export interface ArmRoles {
  readonly control: string
  readonly active: readonly string[]
}

const DEFAULT_EXPLORATION = 0.1
/** For two arms that compete; docs/theory/policy.md has the simulations that chose it. */
const DEFAULT_EXPLORATION_OF_TWO = { untilVerdict: 0.5, after: 0.1 } as const satisfies Exploration
const DEFAULT_CONTROL_SHARE = 0.2
const DEFAULT_BURN_IN = 500
const SHRINKAGE_RANGE = [1, 262_144] as const
const SUM_TOLERANCE = 1e-9
const PRIOR_RANGE = [0.01, 1e6] as const

/**
 * Everything that is wrong with a policy for these arms; for null, arms that could not be read,
 * what is wrong whatever they are. `kept`: see `completePolicy`. `hasFeatures`: whether units come
 * with a context; null where that could not be read.
 */
export function policyFaults(
  input: ReadablePolicy | undefined,
  arms: ArmRoles | null,
  kept: Policy | null = null,
  hasFeatures: boolean | null = false,
): Fault[] {
  const policy = policyOver(input, kept, arms ?? NO_ARMS)
  const faults = [...misplacedFaults(policy), ...priorFaults(policy), ...contextualFaults(policy, hasFeatures)]
  if (hasWeights(policy.type)) faults.push(...weightsFaults(policy, arms?.active ?? null))
  else faults.push(...controlShareFaults(policy, arms), ...explorationFaults(policy, arms), ...burnInFaults(policy))
  return faults
}

/**
 * The whole policy for these arms. What is left out is taken from `kept`, the policy that the
 * experiment has, also when the type changes; what no policy of the kept type has gets its default.
 * The input must be without faults.
 */
export function completePolicy(input: PolicyInput | undefined, arms: ArmRoles, kept: Policy | null = null): Policy {
  const policy = policyOver(input, kept, arms)
  const { type } = policy
  const prior = { alpha: policy.prior?.alpha ?? 1, beta: policy.prior?.beta ?? 1 }
  if (hasWeights(type)) return { type, weights: { ...policy.weights }, prior }
  const controlShare = controlShareOf(policy, arms)
  if (readsContext(type)) {
    const { exploration, shrinkage = null, halfLife } = policy
    const least = leastExplorationOf(policy, arms, controlShare)
    const spread = typeof exploration === 'number' ? exploration : Math.max(DEFAULT_EXPLORATION, least)
    return { type, exploration: spread, controlShare, shrinkage, halfLife: shortest(halfLife), prior }
  }
  if (!learns(type)) return { type, controlShare, prior }
  // One that was stored before there was a burn-in has none, and goes on without.
  const burnIn = policy.burnIn ?? (kept !== null && 'exploration' in kept ? undefined : DEFAULT_BURN_IN)
  const exploration = explorationOf(policy.exploration, arms, controlShare)
  return { type, exploration, controlShare, ...(burnIn !== undefined && { burnIn }), prior }
}

/** Nothing that is judged by arms would be wrong with these. */
const NO_ARMS: ArmRoles = { control: '', active: [] }

type TypedPolicyInput = PolicyInput & { readonly type: PolicyType }

/** Its type is null where it could not be read. */
type TypedReadablePolicy = ReadablePolicy & { readonly type: PolicyType | null }

/** What the input leaves out is what the experiment has, as far as its arms still allow it. */
function policyOver(input: PolicyInput | undefined, kept: Policy | null, arms: ArmRoles): TypedPolicyInput
function policyOver(input: ReadablePolicy | undefined, kept: Policy | null, arms: ArmRoles): TypedReadablePolicy
function policyOver(input: ReadablePolicy | undefined, kept: Policy | null, arms: ArmRoles): TypedReadablePolicy {
  const type = input?.type === undefined ? (kept?.type ?? POLICY_TYPES[0]) : input.type
  const prior = { ...kept?.prior, ...given(input?.prior) }
  const stays = kept === null || type === null ? {} : fieldsFor(type, kept)
  const policy: TypedReadablePolicy = { ...stays, ...given(input), type, prior }
  if (stays.controlShare === undefined) return policy
  const controlShare = input?.controlShare === undefined ? possibleShare(stays.controlShare, arms) : input.controlShare
  if (stays.exploration === undefined) return { ...policy, controlShare }
  const least = leastExplorationOf(policy, arms, controlShare ?? null)
  if (input?.exploration === null) return { ...policy, controlShare }
  return { ...policy, controlShare, exploration: explorationOver(input?.exploration, raised(stays.exploration, least)) }
}

type KeptFields = Partial<
  Omit<LearningPolicy, 'type' | 'prior'> &
    Pick<ContextualPolicy, 'shrinkage' | 'halfLife'> &
    Pick<WeightedPolicy, 'weights'>
>

/** Of the fields that a policy has, those that one of another type has too. */
function fieldsFor(type: PolicyType, kept: Policy): KeptFields {
  if ('weights' in kept) return hasWeights(type) ? { weights: kept.weights } : {}
  if (hasWeights(type)) return {}
  if (!('exploration' in kept)) return { controlShare: kept.controlShare }
  if (readsContext(type)) {
    const { exploration, controlShare } = kept
    const own = 'shrinkage' in kept ? { shrinkage: kept.shrinkage, halfLife: kept.halfLife } : {}
    return { exploration: typeof exploration === 'number' ? exploration : exploration.after, controlShare, ...own }
  }
  if (!learns(type)) return { controlShare: kept.controlShare }
  if ('shrinkage' in kept) return { exploration: kept.exploration, controlShare: kept.controlShare }
  const { exploration, controlShare, burnIn } = kept
  return { exploration, controlShare, ...(burnIn !== undefined && { burnIn }) }
}

/** A share that is the same at all times is both of the two. */
function explorationOver(input: ExplorationInput | undefined, kept: Exploration): Exploration {
  if (typeof input === 'number') return input
  if (input?.untilVerdict === undefined && input?.after === undefined) return kept
  const shares = typeof kept === 'number' ? { untilVerdict: kept, after: kept } : kept
  return { untilVerdict: input.untilVerdict ?? shares.untilVerdict, after: input.after ?? shares.after }
}

/** A control that is retired has no share, and each of the others keeps its least one. */
function possibleShare(share: number | null | undefined, { active, control }: ArmRoles): number | null {
  if (share == null || !active.includes(control)) return null
  return Math.min(share, mostControlShare(active.length))
}

function raised(exploration: Exploration, least: number): Exploration {
  if (typeof exploration === 'number') return Math.max(exploration, least)
  return { untilVerdict: Math.max(exploration.untilVerdict, least), after: Math.max(exploration.after, least) }
}

/**
 * A reserved control brings verdicts sooner where arms compete; even shares are even unless one is
 * asked for.
 */
function controlShareOf(policy: TypedReadablePolicy, { active, control }: ArmRoles): number | null {
  if (policy.controlShare !== undefined) return policy.controlShare
  const { type } = policy
  const doCompete = (learns(type) || readsContext(type)) && active.length >= 3 && active.includes(control)
  return doCompete ? DEFAULT_CONTROL_SHARE : null
}

function explorationOf(input: ExplorationInput | undefined, arms: ArmRoles, controlShare: number | null): Exploration {
  if (typeof input === 'number') return input
  const areTwo = arms.active.length === 2 && controlShare === null
  const usual = areTwo ? DEFAULT_EXPLORATION_OF_TWO : DEFAULT_EXPLORATION
  return explorationOver(input, raised(usual, leastExploration(arms, controlShare)))
}

/** The smallest exploration that leaves every active arm its least propensity. */
function leastExploration({ active }: ArmRoles, controlShare: number | null): number {
  if (controlShare === null) return MIN_PROPENSITY * active.length
  const others = active.length - 1
  return others <= 1 ? 0 : (MIN_PROPENSITY * others) / (1 - controlShare)
}

/** That of a contextual policy is never below what keeps its intervals true. */
function leastExplorationOf(policy: TypedReadablePolicy, arms: ArmRoles, controlShare: number | null): number {
  const least = leastExploration(arms, controlShare)
  return readsContext(policy.type) ? Math.max(LEAST_CONTEXT_EXPLORATION, least) : least
}

function mostControlShare(active: number): number {
  return 1 - MIN_PROPENSITY * (active - 1)
}

function given<Fields extends object>(fields: Fields | null | undefined): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as Partial<Fields>
}

function misplacedFaults(policy: TypedReadablePolicy): Fault[] {
  const faults: Fault[] = []
  if (isEven(policy)) {
    for (const name of ['exploration', 'burnIn'] as const) {
      if (policy[name] === undefined) continue
      faults.push({
        path: `policy.${name}`,
        message: `belongs to policies that learn only (${LEARNING_TYPES.join(', ')})`,
      })
    }
  }
  if (readsContext(policy.type) && policy.burnIn !== undefined) {
    faults.push({ path: 'policy.burnIn', message: `does not go with ${policy.type}` })
  }
  for (const name of ['shrinkage', 'halfLife'] as const) {
    if (policy[name] == null || policy.type === null || readsContext(policy.type)) continue
    faults.push({ path: `policy.${name}`, message: `belongs to the policy ${CONTEXTUAL_TYPES.join(', ')} only` })
  }
  if (policy.weights !== undefined && policy.type !== null && !hasWeights(policy.type)) {
    faults.push({ path: 'policy.weights', message: `belongs to the policy ${WEIGHTED_TYPES.join(', ')} only` })
  }
  if (policy.controlShare != null && hasWeights(policy.type)) {
    const message = `cannot go with ${policy.type}: give the control its weight instead`
    faults.push({ path: 'policy.controlShare', message })
  }
  return faults
}

function contextualFaults({ type, shrinkage, halfLife }: TypedReadablePolicy, hasFeatures: boolean | null): Fault[] {
  if (!readsContext(type)) return []
  const faults: Fault[] = []
  if (hasFeatures === false) faults.push({ path: 'policy.type', message: `${type} needs features` })
  const [least, most] = SHRINKAGE_RANGE
  if (shrinkage != null && !(shrinkage >= least && shrinkage <= most)) {
    faults.push({ path: 'policy.shrinkage', message: `must be between ${least} and ${most}, or null to learn it` })
  }
  if (halfLife != null && parseWindow(halfLife) === null) {
    const rule = 'must be a whole number and a unit of ms, s, m, h or d, as "14d", at most ten years, or null for none'
    faults.push({ path: 'policy.halfLife', message: `${JSON.stringify(halfLife.slice(0, 80))} ${rule}` })
  }
  return faults
}

function shortest(duration: string | null | undefined): string | null {
  const durationMs = duration == null ? null : parseWindow(duration)
  return durationMs === null ? null : formatWindow(durationMs)
}

function priorFaults(policy: ReadablePolicy): Fault[] {
  const [least, most] = PRIOR_RANGE
  return (['alpha', 'beta'] as const).flatMap(name => {
    const value = policy.prior?.[name]
    if (value == null || (value >= least && value <= most)) return []
    return [{ path: `policy.prior.${name}`, message: `must be between ${least} and ${most}` }]
  })
}

function weightsFaults({ type, weights }: TypedReadablePolicy, active: readonly string[] | null): Fault[] {
  if (weights === null) return []
  if (weights === undefined) {
    return [{ path: 'policy.weights', message: `is required for ${type}: a share for each arm, with the sum 1` }]
  }
  const faults: Fault[] = []
  const given = new Map(Object.entries(weights))
  for (const arm of active ?? []) {
    if (!given.has(arm))
      faults.push({ path: 'policy.weights', message: `has no share for the arm ${JSON.stringify(arm)}` })
  }
  for (const [arm, weight] of given) {
    const path = `policy.weights.${arm}`
    if (active?.includes(arm) === false) faults.push({ path, message: 'is not an active arm' })
    if (weight !== null && !(weight >= MIN_PROPENSITY))
      faults.push({ path, message: `must be at least ${MIN_PROPENSITY}` })
  }
  const shares = [...given.values()].filter(weight => weight !== null)
  const sum = shares.reduce((total, weight) => total + weight, 0)
  if (shares.length === given.size && !(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    faults.push({ path: 'policy.weights', message: `must sum to 1, not ${Number(sum.toPrecision(12))}` })
  }
  return faults
}

function controlShareFaults(policy: TypedReadablePolicy, arms: ArmRoles | null): Fault[] {
  const share = policy.controlShare
  if (share == null) return []
  const path = 'policy.controlShare'
  if (arms !== null && !arms.active.includes(arms.control)) {
    return [{ path, message: `needs an active control, and "${arms.control}" is retired` }]
  }
  const most = arms === null ? 1 : mostControlShare(arms.active.length)
  if (share >= MIN_PROPENSITY && share <= most) return []
  return [{ path, message: `must be between ${MIN_PROPENSITY} and ${most}, or null for none` }]
}

function explorationFaults(policy: TypedReadablePolicy, arms: ArmRoles | null): Fault[] {
  const { exploration } = policy
  if (exploration == null || isEven(policy) || arms?.active.length === 0) return []
  const least = leastExplorationOf(policy, arms ?? NO_ARMS, arms === null ? null : controlShareOf(policy, arms))
  if (readsContext(policy.type) && typeof exploration !== 'number') {
    return [{ path: 'policy.exploration', message: `must be one share for ${policy.type}, the same at all times` }]
  }
  const why =
    arms &&
    least !== LEAST_CONTEXT_EXPLORATION &&
    ` (so that each of ${arms.active.length} arms keeps a share of at least ${MIN_PROPENSITY})`
  const message = `must be between ${Number(least.toPrecision(6))}${why || ''} and 1`
  const shares =
    typeof exploration === 'number'
      ? { 'policy.exploration': exploration }
      : {
          'policy.exploration.untilVerdict': exploration.untilVerdict,
          'policy.exploration.after': exploration.after,
        }
  return Object.entries(shares).flatMap(([path, share]) =>
    share == null || (share >= least && share <= 1) ? [] : [{ path, message }],
  )
}

function burnInFaults(policy: TypedReadablePolicy): Fault[] {
  const { burnIn } = policy
  if (burnIn == null || !learns(policy.type)) return []
  if (Number.isSafeInteger(burnIn) && burnIn >= 0) return []
  return [{ path: 'policy.burnIn', message: 'must be a whole number of mature units; 0 switches it off' }]
}

/** What it has of a policy that learns is told to be misplaced, and not judged besides. */
function isEven({ type }: TypedReadablePolicy): boolean {
  return type !== null && !learns(type) && !readsContext(type)
}
