// What a metric's causal report says where each unit has propensities of its own: the twin of
// lift/lift.ts over rows of scores instead of tallies. With propensities and predictions that are
// the same for all units of a batch both give the same numbers (tests/golden/context/reduces.json).
// context.md D.3, D.4, M.

import { type EffectOptions, type Effects, type Lift, liftOf } from '../lift/lift.ts'
import { PairedScores } from '../lift/paired-scores.ts'
import { PerUnitContrast, type PerUnitEstimate } from '../lift/per-unit-contrast.ts'
import {
  clampTo,
  type Estimate,
  type Evidence,
  estimateOf,
  evidenceAgainstZero,
  possibleLifts,
  type Tuning,
  tuneSequence,
} from '../sequences/confidence-sequence.ts'
import { type BatchScore, type Score, ScoreSum } from '../sequences/score-sum.ts'
import { addToPairs, meanScore, type ScoredBatch } from './batch-scores.ts'
import type { EstimandValues } from './estimand-row.ts'

/** A further estimand in a batch: its row, and what was frozen before. */
export interface EstimandBatch {
  readonly snapshot: number
  readonly row: EstimandValues
  /** μ, by which the row's scores were lessened. */
  readonly level: number
  /** v, the predicted variance of a unit's score, see mean-inverse.ts. */
  readonly unitVariance: number
}

/**
 * Means, absolute and relative lifts, and the policy lift, over mature batches in order, at the
 * levels and with the clamps of `estimateEffects`. `policy`: the rows of `c_a = p(a | x) −
 * 1{a = control}`, one for each batch, null where the control was not active. Against 40 digits:
 * 1e-9 (tests/golden/context/scores.json).
 *
 * @throws RangeError when the options are out of range.
 */
export function estimateRowEffects(
  batches: readonly ScoredBatch[],
  policy: readonly (EstimandBatch | null)[],
  options: EffectOptions,
): Effects {
  const running = new RunningRowEffects(options)
  for (const [place, batch] of batches.entries()) running.add(batch, policy[place] ?? null)
  return { means: running.means(), lifts: running.lifts(), policyLift: running.policyLift() }
}

/** The same, fed batch by batch and readable after each. */
export class RunningRowEffects {
  readonly #options: EffectOptions
  readonly #means: readonly ScoreSum[]
  /** null for the control. */
  readonly #pairs: readonly (PairedScores | null)[]
  readonly #policy = new PerUnitContrast()
  #units = 0

  /** @throws RangeError when the control is none of the arms. */
  constructor(options: EffectOptions) {
    const { arms, control } = options
    if (!(control >= 0 && control < arms)) throw new RangeError(`Cannot compare with arm ${control} of ${arms}`)
    const everyArm = Array.from({ length: arms }, (_, arm) => arm)
    this.#options = options
    this.#means = everyArm.map(() => new ScoreSum())
    this.#pairs = everyArm.map(arm => (arm === control ? null : new PairedScores(arm, control)))
  }

  add(batch: ScoredBatch, policy: EstimandBatch | null): void {
    for (const [arm, sum] of this.#means.entries()) {
      const score = meanScore(batch, arm)
      if (score !== null) sum.add(score)
    }
    addToPairs(this.#pairs, batch, this.#options.control)
    if (policy !== null && policy.row.units > 0) {
      const score = { snapshot: policy.snapshot, unitsBefore: this.#units, ...scoreOf(policy, 1) }
      this.#policy.addScore(score, policy.unitVariance)
    }
    this.#units += batch.row.units
  }

  means(): Estimate[] {
    const { alpha, plannedUnits, metric } = this.#options
    const tuning = tuneSequence(alpha, plannedUnits)
    return this.#means.map(sum => clampTo(estimateOf(sum.score(), tuning), metric.range))
  }

  lifts(): (Lift | null)[] {
    const { arms, alpha, plannedUnits, metric } = this.#options
    const joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
    return this.#pairs.map(pair => (pair === null ? null : liftOf(pair, metric, joint)))
  }

  policyLift(): PerUnitEstimate {
    const { alpha, plannedUnits, metric } = this.#options
    return clampTo(this.#policy.estimate({ alpha, plannedUnits }), possibleLifts(metric.range))
  }
}

/**
 * A policy's value or lift, unclamped, weighed by `h = 1/√v`, and the evidence that it differs from
 * 0; batches without units are skipped.
 */
export function estimateEstimand(batches: readonly EstimandBatch[], tuning: Tuning): Estimate & Evidence {
  const score = scoreOver(
    batches.map(batch => (batch.row.units === 0 ? null : scoreOf(batch, 1 / Math.sqrt(batch.unitVariance)))),
  )
  return { ...estimateOf(score, tuning), ...evidenceAgainstZero(score, tuning) }
}

/** Null while no batch could be used. */
export function scoreOver(scores: readonly (BatchScore | null)[]): Score | null {
  const sum = new ScoreSum()
  for (const score of scores) if (score !== null) sum.add(score)
  return sum.score()
}

function scoreOf({ row, level }: EstimandBatch, h: number): BatchScore {
  const { units, score, square, variance } = row
  return { h, units, variance: variance / units, mean: level, residual: score, residualSquare: square }
}
