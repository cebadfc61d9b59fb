// What a metric's causal report says where each unit has propensities of its own: the twin of
// lift/lift.ts over rows of scores instead of tallies. With propensities and predictions that are
// the same for all units of a batch both give the same numbers (tests/golden/context/reduces.json).
// context.md D.3, D.4, M.

import { absoluteLift, type EffectOptions, type Effects, type Lift } from '../lift/lift.ts'
import { PerUnitContrast, type PerUnitEstimate } from '../lift/per-unit-contrast.ts'
import { relativeLift } from '../lift/relative-lift.ts'
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
import { meanScore, pairOver, type ScoredBatch } from './batch-scores.ts'
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
 * Means, absolute and relative lifts over mature batches in order, at the levels and with the
 * clamps of `estimateEffects`. `policy`: the rows of `c_a = p(a | x) − 1{a = control}`, one for
 * each batch, null where the control was not active. Against 40 digits: 1e-9
 * (tests/golden/context/scores.json).
 *
 * @throws RangeError when the options are out of range.
 */
export function estimateRowEffects(
  batches: readonly ScoredBatch[],
  policy: readonly (EstimandBatch | null)[],
  { arms, control, metric, alpha, plannedUnits }: EffectOptions,
): Effects {
  const own = tuneSequence(alpha, plannedUnits)
  const joint = tuneSequence(alpha / Math.max(1, arms - 1), plannedUnits)
  const everyArm = Array.from({ length: arms }, (_, arm) => arm)
  const means = everyArm.map((arm): Estimate => {
    const score = scoreOver(batches.map(batch => meanScore(batch, arm)))
    return clampTo(estimateOf(score, own), metric.range)
  })
  const lifts = everyArm.map(arm => (arm === control ? null : liftOver(batches, arm, control, metric, joint)))
  return { means, lifts, policyLift: policyLiftOver(policy, { alpha, plannedUnits, metric }) }
}

/** The absolute lift of an arm over the control, and the relative one of metrics from 0 up. */
export function liftOver(
  batches: readonly ScoredBatch[],
  arm: number,
  control: number,
  metric: EffectOptions['metric'],
  tuning: Tuning,
): Lift {
  const pair = pairOver(batches, arm, control)
  const relative = metric.range[0] < 0 ? null : relativeLift(pair.totals(), tuning)
  return { ...absoluteLift(pair, metric, tuning), relative }
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

function policyLiftOver(
  batches: readonly (EstimandBatch | null)[],
  { alpha, plannedUnits, metric }: Pick<EffectOptions, 'alpha' | 'plannedUnits' | 'metric'>,
): PerUnitEstimate {
  const contrast = new PerUnitContrast()
  let unitsBefore = 0
  for (const batch of batches) {
    if (batch === null || batch.row.units === 0) continue
    const { snapshot, unitVariance, row } = batch
    contrast.addScore({ snapshot, unitsBefore, ...scoreOf(batch, 1) }, unitVariance)
    unitsBefore += row.units
  }
  return clampTo(contrast.estimate({ alpha, plannedUnits }), possibleLifts(metric.range))
}

function scoreOf({ row, level }: EstimandBatch, h: number): BatchScore {
  const { units, score, square, variance } = row
  return { h, units, variance: variance / units, mean: level, residual: score, residualSquare: square }
}
