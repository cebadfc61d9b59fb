// The true lifts of a simulation, and which intervals and verdicts are wrong about them.
import type { Goal } from '../stats/goal.ts'
import type { Verdict } from '../stats/lift/lift.ts'
import type { Interval } from '../stats/sequences/confidence-sequence.ts'
import type { SimulationDesign } from './design.ts'
import type { Look } from './run.ts'

/** By arm; null for the control. */
export interface TrueLift {
  readonly absolute: number
  /** Null where the control's mean is 0. */
  readonly relative: number | null
}

export function trueLifts({ means, control }: Pick<SimulationDesign, 'means' | 'control'>): (TrueLift | null)[] {
  const base = means[control] as number
  return means.map((mean, arm) =>
    arm === control ? null : { absolute: mean - base, relative: base === 0 ? null : mean / base - 1 },
  )
}

/** Whether the truth lies outside of any interval of each family. */
export interface Misses {
  readonly absolute: boolean
  readonly relative: boolean
  readonly policyLift: boolean
}

export function missesOf({ lifts, policyLift, truePolicyLift }: Look, truth: readonly (TrueLift | null)[]): Misses {
  return {
    absolute: lifts.some((lift, arm) => lift !== null && excludes(lift, truth[arm]?.absolute)),
    relative: lifts.some((lift, arm) => lift?.relative != null && excludes(lift.relative, truth[arm]?.relative)),
    policyLift: excludes(policyLift, truePolicyLift),
  }
}

/** A verdict is false when it names a direction that the true lift does not have. */
export function isFalse(verdict: Verdict, truth: TrueLift, goal: Goal): boolean {
  if (verdict === 'undecided') return false
  const gain = goal === 'increase' ? truth.absolute : -truth.absolute
  return verdict === 'better' ? gain <= 0 : gain >= 0
}

export function excludes(
  { lower, upper }: Pick<Interval, 'lower' | 'upper'>,
  value: number | null | undefined,
): boolean {
  if (value == null) return false
  return (lower !== null && lower > value) || (upper !== null && upper < value)
}
