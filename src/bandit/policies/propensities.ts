// The policy carried out: posteriors → propensities. Exact numbers, no chance; draw.ts takes it
// from there.
import type { Posterior } from '../../stats/belief/posterior.ts'
import type { Goal } from '../../stats/goal.ts'
import { type EvenPolicy, explorationNow, type LearningPolicy, type Policy } from './policy.ts'
import { weighOf } from './registry.ts'

/** What the policy knows when it is frozen into a snapshot. Arms by position. */
interface Knowledge {
  /** One for each arm, or null while nothing can be known of any (then all arms weigh the same). */
  readonly posteriors: readonly Posterior[] | null
  readonly active: readonly boolean[]
  readonly control: number
  readonly goal: Goal
  /** The keys of the arms, for fixed weights. */
  readonly keys: readonly string[]
  /** Every active arm has, or had, a verdict on the primary metric; see `Snapshot`. */
  readonly allDecided: boolean
}

/**
 * The propensity of each arm, null where it is not active; those of the active arms are positive
 * and sum to one. The floor is additive, `p = ε/K + (1 − ε) w`, so that the order of the weights is
 * kept; a reserved control gets its share exactly, and the others divide the rest by the same rule
 * among themselves.
 */
export function propensitiesOf(policy: Policy, knowledge: Knowledge): (number | null)[] {
  const active = knowledge.active.flatMap((isActive, arm) => (isActive ? [arm] : []))
  if ('shrinkage' in policy) throw new TypeError(`Cannot compute propensities of ${policy.type}: it reads contexts`)
  if (active.length === 0) throw new RangeError('Cannot compute propensities: no arm is active')
  const shares = new Map(
    'weights' in policy ? fixed(policy.weights, active, knowledge) : shared(policy, active, knowledge),
  )
  return knowledge.active.map((_, arm) => shares.get(arm) ?? null)
}

type Shares = (readonly [arm: number, share: number])[]

/** Weights may be written with few digits: what they miss of 1 is spread over all of them. */
function fixed(weights: Readonly<Record<string, number>>, active: readonly number[], { keys }: Knowledge): Shares {
  const byKey = new Map(Object.entries(weights))
  const shares = active.map((arm): readonly [number, number] => {
    const weight = byKey.get(keys[arm] as string)
    if (weight === undefined) throw new RangeError(`Cannot fix propensities: arm ${keys[arm]} has no weight`)
    return [arm, weight]
  })
  const sum = shares.reduce((total, [, weight]) => total + weight, 0)
  return Math.abs(sum - 1) <= ROUNDING ? shares : shares.map(([arm, weight]) => [arm, weight / sum])
}

/** What sums of a few doubles miss. */
const ROUNDING = 1e-13

function shared(policy: LearningPolicy | EvenPolicy, active: readonly number[], knowledge: Knowledge): Shares {
  const { control } = knowledge
  if (policy.controlShare === null || active.length === 1) return floored(policy, active, knowledge)
  if (!active.includes(control)) throw new RangeError('Cannot reserve a share for the control: it is not active')
  const rest = 1 - policy.controlShare
  const others = active.filter(arm => arm !== control)
  const among = floored(policy, others, knowledge).map(([arm, share]) => [arm, rest * share] as const)
  return [[control, policy.controlShare], ...among]
}

function floored(
  policy: LearningPolicy | EvenPolicy,
  group: readonly number[],
  { posteriors, goal, allDecided }: Knowledge,
): Shares {
  const even = 1 / group.length
  const exploration = explorationNow(policy, allDecided)
  if (exploration === null || !('exploration' in policy) || posteriors === null || group.length === 1) {
    return group.map(arm => [arm, even])
  }
  const competing = group.map(arm => posteriors[arm] as Posterior)
  const weights = weighOf(policy.type)(competing, goal)
  return group.map((arm, position) => [arm, exploration * even + (1 - exploration) * (weights[position] as number)])
}
