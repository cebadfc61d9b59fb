// A contextual experiment played by the functions of stats/context alone: every batch is drawn by
// the rule that was learned from the batches before it.
import type { ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { EstimandRow, estimandScore } from '../../../src/stats/context/estimand-row.ts'
import { ContextRule, freezeRule } from '../../../src/stats/context/frozen-rule.ts'
import { estimandVariance, latestBatches, meanInverse } from '../../../src/stats/context/mean-inverse.ts'
import { freezePredictions, Predictions } from '../../../src/stats/context/predictions.ts'
import type { EstimandBatch } from '../../../src/stats/context/row-effects.ts'
import { ScoreRow, scoreUnit } from '../../../src/stats/context/score-row.ts'
import { fitSlopes } from '../../../src/stats/context/slopes-fit.ts'
import type { Batch } from '../../../src/stats/ledger.ts'
import { type GoldenUnit, momentsOf } from './contexts.ts'

export interface PlayOptions {
  readonly arms: number
  readonly units: number
  readonly random: () => number
  /** A unit's context, beginning with 1. */
  readonly context: (random: () => number) => number[]
  /** The chance that a unit of this arm converts; `place` is the number of units before it. */
  readonly rate: (arm: number, x: readonly number[], place: number) => number
  readonly exploration: number
  /** κ; null: learned. */
  readonly shrinkage: number | null
  readonly isAdjusted: boolean
  readonly reserved?: { readonly arm: number; readonly share: number } | null
  readonly firstBatch: number
  /** Each batch has this share of all units before it. */
  readonly growth: number
}

export interface PlayedBatch {
  readonly scored: ScoredBatch
  /** The row of what the policy earned over the control, arm 0. */
  readonly policy: EstimandBatch
  /** What a ledger of tallies would have, with the batch's mean propensities. */
  readonly tallied: Batch
  /** By arm and context: the mean of p(a | x) over the units. */
  readonly units: readonly GoldenUnit[]
}

export function playExperiment(options: PlayOptions): PlayedBatch[] {
  const { arms, units, random, growth, firstBatch, reserved = null } = options
  const active = new Array<boolean>(arms).fill(true)
  const empty = Float64Array.from(
    options.context(() => 0.5),
    (_, place) => (place === 0 ? 1 : 0),
  )
  const dimension = empty.length
  const learned: MomentBatch[] = []
  const played: PlayedBatch[] = []
  for (let place = 0; place < units; ) {
    const snapshot = played.length + 1
    const moments = effectiveMoments(learned, arms, dimension)
    const fit = fitSlopes(moments, options.shrinkage)
    const { exploration, isAdjusted } = options
    const rule = new ContextRule(freezeRule(fit, { goal: 'increase', exploration, reserved, active, dimension }))
    const frozen = freezePredictions(moments, { range: [0, 1], isAdjusted, active })
    const predictions = new Predictions(frozen)
    const row = new ScoreRow(arms, 0)
    const policyRow = new EstimandRow()
    const batchUnits: GoldenUnit[] = []
    const size = Math.min(units - place, Math.max(firstBatch, Math.ceil(growth * place)))
    const scores = new Float64Array(arms)
    for (let unit = 0; unit < size; unit++, place++) {
      const x = Float64Array.from(options.context(random))
      const propensities = rule.propensitiesAt(x)
      const arm = choose(propensities, random())
      const outcome = random() < options.rate(arm, [...x], place) ? 1 : 0
      const scored = { x, arm, propensity: propensities[arm] as number, outcome }
      scoreUnit(predictions, scored, scores)
      row.add(arm, scores, propensities)
      const weights = propensities.map((share, other) => (other === 0 ? share - 1 : share))
      policyRow.add(estimandScore(predictions, scored, { weights, propensities, level: 0 }))
      batchUnits.push([arm, [...x], outcome])
    }
    const values = row.values()
    const atEmpty = Float64Array.from(rule.propensitiesAt(empty))
    const latest = latestBatches(
      played.map(({ scored }) => ({ units: scored.row.units, inverses: scored.row.inverses })),
    )
    const latestPolicy = latestBatches(
      played.map(({ policy }) => ({ units: policy.row.units, variance: policy.row.variance })),
    )
    const everyArm = active.map((_, arm) => arm)
    const spreads = everyArm.map(arm => predictions.variance(arm))
    const meanPropensity = everyArm.map(arm => (values.propensities[arm] as number) / values.units)
    const batchMoments = momentsOf(batchUnits, arms, dimension)
    learned.push({ snapshot, meanPropensity, arms: batchMoments })
    played.push({
      units: batchUnits,
      scored: {
        snapshot,
        row: values,
        levels: everyArm.map(arm => predictions.level(arm)),
        spreads,
        meanInverse: everyArm.map(arm => meanInverse(latest, arm, atEmpty[arm] as number)),
      },
      policy: {
        snapshot,
        row: policyRow.values(),
        level: 0,
        unitVariance: estimandVariance(latestPolicy, spreads.reduce((sum, spread) => sum + spread, 0) / arms),
      },
      tallied: {
        snapshot,
        mature: true,
        propensities: meanPropensity,
        tallies: batchMoments.map(({ xx, xy, yy }) => ({
          units: xx[0] as number,
          sum: xy[0] as number,
          sumOfSquares: yy,
        })),
      },
    })
  }
  return played
}

function choose(propensities: Float64Array, draw: number): number {
  let sum = 0
  for (let arm = 0; arm < propensities.length; arm++) {
    sum += propensities[arm] as number
    if (draw < sum) return arm
  }
  return propensities.length - 1
}
