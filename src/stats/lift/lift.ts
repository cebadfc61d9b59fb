// What a metric's causal report contains: each arm's mean, each arm's lift over the control, and
// what the policy as a whole earned. All are confidence sequences over one shared pass through the
// mature batches, valid under adaptive assignment and at every look.

import type { Goal } from '../goal.ts'
import { type Batch, type Ledger, matureBatches } from '../ledger.ts'
import {
  clampTo,
  type Estimate,
  type Evidence,
  estimateOf,
  evidenceAgainstZero,
  type Interval,
  type Possible,
  possibleLifts,
  type Tuning,
  tuneSequence,
} from '../sequences/confidence-sequence.ts'
import { Contrast } from './contrast.ts'
import { PairedScores } from './paired-scores.ts'
import { PerUnitContrast, type PerUnitEstimate } from './per-unit-contrast.ts'
import { Predictor } from './prediction.ts'
import { relativeLift } from './relative-lift.ts'

export type Verdict = 'better' | 'worse' | 'undecided'

export interface EffectOptions {
  /** K, every arm that the experiment ever had: it sets the level of the lifts. */
  readonly arms: number
  /** The control's place in the order of the configuration. */
  readonly control: number
  /** `range`: outcomes lie in [lo, hi], in the metric's unit; [0, 1] for a binary metric. */
  readonly metric: { readonly range: Possible; readonly goal: Goal }
  /** In (0, 0.5]. */
  readonly alpha: number
  /**
   * n*: how many units the experiment is planned for. It tunes where the intervals are tightest,
   * not whether they hold.
   */
  readonly plannedUnits: number
}

/** The absolute lift: mean of the arm minus mean of the control, in the metric's unit. */
export interface Lift extends Estimate, Evidence {
  /**
   * The interval must exclude 0, not touch it. The shown, clamped one does so exactly when the
   * unclamped one does.
   */
  readonly verdict: Verdict
  /**
   * Share by which the arm exceeds the control (0.1 = a tenth more); null for metrics that can be
   * negative.
   */
  readonly relative: Interval | null
}

export interface Effects {
  readonly means: readonly Estimate[]
  /** null for the control itself. */
  readonly lifts: readonly (Lift | null)[]
  /** Per unit, over giving everyone the control; `from`: over the units since that snapshot. */
  readonly policyLift: PerUnitEstimate
}

/**
 * All effects on one metric, over the mature batches of a ledger. Means and the policy lift hold at
 * level 1 − α each; the K − 1 absolute lifts hold jointly at 1 − α (`α/(K − 1)` each), and so, as a
 * family of their own, do the relative ones. Where an arm or the control was never active, its
 * estimates are null and unbounded with `e = p = 1`. Means are clamped to the range, lifts to its
 * differences; e, p and verdicts rest on the unclamped numbers. Sources and formulas: contrast.ts,
 * paired-scores.ts, confidence-sequence.ts, relative-lift.ts, per-unit-contrast.ts.
 *
 * @throws RangeError when the options are out of range or units were counted for an inactive arm.
 */
export function estimateEffects(ledger: Ledger, options: EffectOptions): Effects {
  const running = new RunningEffects(options)
  for (const batch of matureBatches(ledger)) running.add(batch)
  return { means: running.means(), lifts: running.lifts(), policyLift: running.policyLift() }
}

/**
 * The same, fed batch by batch and readable after each: for anyone who looks often at a ledger that
 * only grows. A batch that was added is final.
 */
export class RunningEffects {
  readonly #metric: EffectOptions['metric']
  readonly #predictor: Predictor
  readonly #means: readonly Contrast[]
  /** null for the control. */
  readonly #pairs: readonly (PairedScores | null)[]
  readonly #policy = new PerUnitContrast()
  readonly #control: number
  readonly #ownLevel: { readonly alpha: number; readonly plannedUnits: number }
  readonly #own: Tuning
  readonly #joint: Tuning

  /** @throws RangeError when the options are out of range. */
  constructor({ arms, control, metric, alpha, plannedUnits }: EffectOptions) {
    if (!(control >= 0 && control < arms)) throw new RangeError(`Cannot compare with arm ${control} of ${arms}`)
    const everyArm = Array.from({ length: arms }, (_, arm) => arm)
    this.#metric = metric
    this.#predictor = new Predictor(arms, metric.range)
    this.#means = everyArm.map(arm => new Contrast([{ arm, coefficient: 1 }]))
    this.#pairs = everyArm.map(arm => (arm === control ? null : new PairedScores(arm, control)))
    this.#control = control
    this.#ownLevel = { alpha, plannedUnits }
    this.#own = tuneSequence(alpha, plannedUnits)
    this.#joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
  }

  /**
   * Returns whether the policy lift counts the batch: not before 100 units are known, and not where
   * the control was not active, or alone.
   *
   * @throws RangeError when units were counted for an inactive arm.
   */
  add(batch: Batch): boolean {
    const predicted = this.#predictor.next(batch)
    for (const mean of this.#means) mean.add(predicted)
    for (const pair of this.#pairs) pair?.add(predicted)
    if (predicted.propensity[this.#control] === 0) return false
    return this.#policy.add(predicted, (share, arm) => (arm === this.#control ? share - 1 : share))
  }

  means(): Estimate[] {
    return this.#means.map(mean => clampTo(estimateOf(mean.score(), this.#own), this.#metric.range))
  }

  lifts(): (Lift | null)[] {
    return this.#pairs.map(pair => (pair === null ? null : liftOf(pair, this.#metric, this.#joint)))
  }

  policyLift(): PerUnitEstimate {
    return clampTo(this.#policy.estimate(this.#ownLevel), possibleLifts(this.#metric.range))
  }
}

/**
 * The absolute lift of a pair's arm over its control, and the relative one of metrics from 0 up.
 */
export function liftOf(pair: PairedScores, metric: EffectOptions['metric'], tuning: Tuning): Lift {
  const relative = metric.range[0] < 0 ? null : relativeLift(pair.totals(), tuning)
  return { ...absoluteLift(pair, metric, tuning), relative }
}

/**
 * The difference of the pair's means, the evidence against no difference, and the verdict by the
 * metric's goal.
 */
export function absoluteLift(
  pair: PairedScores,
  { range, goal }: EffectOptions['metric'],
  tuning: Tuning,
): Omit<Lift, 'relative'> {
  const score = pair.difference()
  const estimate = estimateOf(score, tuning)
  const verdict = verdictOf(estimate, goal)
  return { ...clampTo(estimate, possibleLifts(range)), ...evidenceAgainstZero(score, tuning), verdict }
}

/** `better` or `worse` once the interval excludes 0, on the side given by the goal. */
export function verdictOf({ lower, upper }: Pick<Interval, 'lower' | 'upper'>, goal: Goal): Verdict {
  if (lower !== null && lower > 0) return goal === 'increase' ? 'better' : 'worse'
  if (upper !== null && upper < 0) return goal === 'increase' ? 'worse' : 'better'
  return 'undecided'
}
