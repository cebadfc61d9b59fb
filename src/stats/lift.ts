// What a metric's causal report says: each arm's mean, each arm's lift over the control, and what the policy as a whole
// earned. All are confidence sequences over one shared pass through the mature batches, valid under adaptive assignment
// and at every look.
import {
  type Estimate,
  type Evidence,
  estimateOf,
  evidenceAgainstZero,
  type Interval,
  tuneSequence,
} from './confidence-sequence.ts'
import { scoreContrast, scorePolicy } from './contrast.ts'
import type { Ledger } from './ledger.ts'
import { predictBatches } from './prediction.ts'
import { relativeLift } from './relative-lift.ts'

export type Goal = 'increase' | 'decrease'
export type Verdict = 'better' | 'worse' | 'undecided'

export interface EffectOptions {
  /** K, every arm that the experiment ever had: it sets the level of the lifts. */
  readonly arms: number
  /** The control's place in the order of the configuration. */
  readonly control: number
  /** `range`: outcomes lie in [lo, hi], in the metric's unit; [0, 1] for a binary metric. */
  readonly metric: { readonly range: readonly [lo: number, hi: number]; readonly goal: Goal }
  /** In (0, 0.5]. */
  readonly alpha: number
  /**
   * n*: how many units the experiment is planned for. It tunes where the intervals are tightest, not whether they hold.
   */
  readonly plannedUnits: number
}

/** The absolute lift: mean of the arm minus mean of the control, in the metric's unit. */
export interface Lift extends Estimate, Evidence {
  /** Read off the very interval that is shown: it must exclude 0, not touch it. */
  readonly verdict: Verdict
  /** Share by which the arm exceeds the control (0.1 = a tenth more); null for metrics that can be negative. */
  readonly relative: Interval | null
}

export interface Effects {
  readonly means: readonly Estimate[]
  /** null for the control itself. */
  readonly lifts: readonly (Lift | null)[]
  /** Per unit, over giving everyone the control. */
  readonly policyLift: Estimate & Evidence
}

/**
 * All effects on one metric. Means and the policy lift hold at level 1 − α each; the K − 1 absolute lifts hold jointly
 * at 1 − α (`α/(K − 1)` each), and so, as a family of their own, do the relative ones. Where an arm or the control was
 * never active, its estimates are null and unbounded with `e = p = 1`. Sources and formulas: contrast.ts,
 * confidence-sequence.ts, relative-lift.ts.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function estimateEffects(ledger: Ledger, options: EffectOptions): Effects {
  const { arms, control, metric, alpha, plannedUnits } = options
  const predicted = predictBatches(ledger, arms, metric.range)
  const own = tuneSequence(alpha, plannedUnits)
  const joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
  const everyArm = Array.from({ length: arms }, (_, arm) => arm)

  const liftOf = (arm: number): Lift => {
    const score = scoreContrast(predicted, [
      { arm, coefficient: 1 },
      { arm: control, coefficient: -1 },
    ])
    const estimate = estimateOf(score, joint)
    const relative = metric.range[0] >= 0 ? relativeLift(predicted, arm, control, joint) : null
    return { ...estimate, ...evidenceAgainstZero(score, joint), verdict: verdictOf(estimate, metric.goal), relative }
  }
  const policy = scorePolicy(predicted, control)
  const perUnit = tuneSequence(alpha, plannedUnits, policy?.firstVariance)
  return {
    means: everyArm.map(arm => estimateOf(scoreContrast(predicted, [{ arm, coefficient: 1 }]), own)),
    lifts: everyArm.map(arm => (arm === control ? null : liftOf(arm))),
    policyLift: { ...estimateOf(policy, perUnit), ...evidenceAgainstZero(policy, perUnit) },
  }
}

/** `better` or `worse` once the interval excludes 0, on the side that the goal says. */
export function verdictOf({ lower, upper }: Pick<Interval, 'lower' | 'upper'>, goal: Goal): Verdict {
  if (lower !== null && lower > 0) return goal === 'increase' ? 'better' : 'worse'
  if (upper !== null && upper < 0) return goal === 'increase' ? 'worse' : 'better'
  return 'undecided'
}
