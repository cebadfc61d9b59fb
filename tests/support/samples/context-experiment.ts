// A contextual experiment played by the functions of stats/context alone: every batch is drawn by
// the rule that was learned from the batches before it.
import type { ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { EstimandRow, estimandScore } from '../../../src/stats/context/estimand-row.ts'
import { type ClosedBatch, type FrozenContext, freezeSnapshot } from '../../../src/stats/context/freeze-snapshot.ts'
import { ContextRule, type FrozenRule } from '../../../src/stats/context/frozen-rule.ts'
import { Predictions } from '../../../src/stats/context/predictions.ts'
import type { EstimandBatch } from '../../../src/stats/context/row-effects.ts'
import { ScoreRow, scoreUnit } from '../../../src/stats/context/score-row.ts'
import type { Batch } from '../../../src/stats/ledger.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../../../src/stats/tally.ts'
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
  readonly segmentCount?: number
  /** The segment that a unit is in. */
  readonly segmentOf?: (x: readonly number[]) => number
}

export interface PlayedBatch {
  readonly frozen: FrozenContext
  readonly scored: ScoredBatch
  readonly segments: readonly ScoredBatch[]
  /** The row of what the policy earned over the control, arm 0. */
  readonly policy: EstimandBatch
  /** What a ledger of tallies would have, with the batch's mean propensities. */
  readonly tallied: Batch
  readonly units: readonly GoldenUnit[]
}

export function playExperiment(options: PlayOptions): PlayedBatch[] {
  const { arms, units, growth, firstBatch } = options
  const closed: ClosedBatch[] = []
  const played: PlayedBatch[] = []
  for (let place = 0; place < units; ) {
    const size = Math.min(units - place, Math.max(firstBatch, Math.ceil(growth * place)))
    const frozen = freezeSnapshot(closed, {
      goal: 'increase',
      exploration: options.exploration,
      reserved: options.reserved ?? null,
      active: new Array<boolean>(arms).fill(true),
      ranges: [[0, 1]],
      primary: 0,
      propensities: null,
      emptyContext: Float64Array.from(
        options.context(() => 0.5),
        (_, column) => (column === 0 ? 1 : 0),
      ),
      shrinkage: options.shrinkage,
      halfLifeMs: null,
      warmStart: null,
      isAdjusted: options.isAdjusted,
      segmentCount: options.segmentCount ?? 0,
    })
    const batch = playBatch(frozen, options, { snapshot: played.length + 1, place, size })
    place += size
    closed.push(batch.closed)
    played.push(batch)
  }
  return played
}

function playBatch(
  frozen: FrozenContext,
  { arms, random, context, rate, segmentOf, segmentCount = 0 }: PlayOptions,
  { snapshot, place, size }: { snapshot: number; place: number; size: number },
): PlayedBatch & { readonly closed: ClosedBatch } {
  const rule = new ContextRule(frozen.rule as FrozenRule)
  const [predicted] = frozen.predictions
  if (predicted === undefined) throw new RangeError('There are no predictions')
  const predictions = new Predictions(predicted)
  const row = new ScoreRow(arms, 0)
  const policyRow = new EstimandRow()
  const segmentRows = Array.from({ length: segmentCount }, () => new ScoreRow(arms, 0))
  const segmentTallies = segmentRows.map(() => new Array<Tally>(arms).fill(EMPTY_TALLY))
  const units: GoldenUnit[] = []
  const scores = new Float64Array(arms)
  for (let unit = 0; unit < size; unit++) {
    const x = Float64Array.from(context(random))
    const propensities = rule.propensitiesAt(x)
    const arm = choose(propensities, random())
    const outcome = random() < rate(arm, [...x], place + unit) ? 1 : 0
    const scored = { x, arm, propensity: propensities[arm] as number, outcome }
    scoreUnit(predictions, scored, scores)
    row.add(arm, scores, propensities)
    const weights = propensities.map((share, other) => (other === 0 ? share - 1 : share))
    policyRow.add(estimandScore(predictions, scored, { weights, propensities, level: 0 }))
    const segment = segmentOf?.([...x]) ?? -1
    segmentRows[segment]?.add(arm, scores, propensities)
    const tallies = segmentTallies[segment]
    if (tallies !== undefined) {
      tallies[arm] = addTallies(tallies[arm] as Tally, { units: 1, sum: outcome, sumOfSquares: outcome })
    }
    units.push([arm, [...x], outcome])
  }
  const values = row.values()
  const moments = momentsOf(units, arms, rule.dimension)
  const everyArm = Array.from({ length: arms }, (_, arm) => arm)
  const levels = everyArm.map(arm => predictions.level(arm))
  const segments = segmentRows.map((own, segment) => ({
    row: own.values(),
    tallies: segmentTallies[segment] as Tally[],
  }))
  return {
    frozen,
    units,
    scored: {
      snapshot,
      row: values,
      levels,
      spreads: everyArm.map(arm => predictions.variance(arm)),
      meanInverse: frozen.meanInverse.map(Number),
    },
    segments: segments.map((own, segment) => ({
      snapshot,
      row: own.row,
      levels,
      spreads: (frozen.segments[segment]?.spreads ?? []).map(Number),
      meanInverse: (frozen.segments[segment]?.meanInverse ?? []).map(Number),
    })),
    policy: { snapshot, row: policyRow.values(), level: 0, unitVariance: frozen.policyVariance[0] as number },
    tallied: {
      snapshot,
      mature: true,
      propensities: Array.from(values.propensities, sum => sum / values.units),
      tallies: moments.map(({ xx, xy, yy }) => ({ units: xx[0] as number, sum: xy[0] as number, sumOfSquares: yy })),
    },
    closed: {
      snapshot,
      isMature: true,
      ageMs: 0,
      row: values,
      contexts: moments.map(({ xx }) => xx),
      outcomes: [moments],
      policyRows: [policyRow.values()],
      segments,
    },
  }
}

function choose(propensities: Float64Array, draw: number): number {
  let sum = 0
  for (let arm = 0; arm < propensities.length; arm++) {
    sum += propensities[arm] as number
    if (draw < sum) return arm
  }
  return propensities.length - 1
}
