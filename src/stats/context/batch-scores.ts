// From the row of a batch to what a confidence sequence adds up: of an arm's mean and of a lift.
// context.md D.3.

import type { PairedScores } from '../lift/paired-scores.ts'
import type { BatchScore } from '../sequences/score-sum.ts'
import type { RowValues } from './score-row.ts'

/**
 * A mature batch, or its units in one segment: its row, and what its snapshot froze. By position of
 * the arm; entries of arms that were not active do not matter.
 */
export interface ScoredBatch {
  readonly snapshot: number
  readonly row: RowValues
  /** `μ_a`, the predictions' levels. */
  readonly levels: ArrayLike<number>
  /** `σ²_a` > 0 */
  readonly spreads: ArrayLike<number>
  /** `u_a`, the predicted mean of 1/p(a), see mean-inverse.ts. */
  readonly meanInverse: ArrayLike<number>
}

/**
 * An arm's mean: `μ_a, F_a, G_a`, `P = σ²_a U_a`, weighed by `h = 1/√(σ²_a u_a)`. Null for a batch
 * without units or where the arm was not active.
 */
export function meanScore(batch: ScoredBatch, arm: number): BatchScore | null {
  const side = sideOf(batch, arm)
  if (side === null) return null
  const { units } = batch.row
  return { ...side, units, h: 1 / Math.sqrt(predictedVariance(batch, arm)) }
}

/**
 * The difference of an arm and the control: `μ = μ_a − μ_c`, `F = F_a − F_c`,
 * `G = G_a + G_c − 2X_a`, `P = σ²_a U_a + σ²_c U_c`, `v = σ²_a u_a + σ²_c u_c`. Null where either
 * was not active.
 */
export function liftScore(batch: ScoredBatch, arm: number, control: number): BatchScore | null {
  const [own, other] = [sideOf(batch, arm), sideOf(batch, control)]
  if (own === null || other === null) return null
  return {
    h: 1 / Math.sqrt(predictedVariance(batch, arm) + predictedVariance(batch, control)),
    units: batch.row.units,
    variance: own.variance + other.variance,
    mean: own.mean - other.mean,
    residual: own.residual - other.residual,
    residualSquare: own.residualSquare + other.residualSquare - 2 * (batch.row.products[arm] as number),
  }
}

/**
 * Adds a batch to the scores of each arm's pair with the control, from which come the absolute and
 * the relative lifts. `pairs` by position of the arm, null for those that are not asked for.
 */
export function addToPairs(pairs: readonly (PairedScores | null)[], batch: ScoredBatch, control: number): void {
  const other = sideOf(batch, control)
  if (other === null) return
  const ofControl = predictedVariance(batch, control)
  for (let arm = 0; arm < pairs.length; arm++) {
    const pair = pairs[arm]
    const own = pair == null ? null : sideOf(batch, arm)
    if (pair == null || own === null) continue
    pair.addPair({
      units: batch.row.units,
      variance: predictedVariance(batch, arm) + ofControl,
      arm: own,
      control: other,
      product: batch.row.products[arm] as number,
    })
  }
}

function sideOf({ row, levels, spreads }: ScoredBatch, arm: number) {
  const inverse = row.inverses[arm] ?? 0
  if (row.units === 0 || inverse === 0) return null
  return {
    variance: ((spreads[arm] as number) * inverse) / row.units,
    mean: levels[arm] as number,
    residual: row.scores[arm] as number,
    residualSquare: row.squares[arm] as number,
  }
}

/** `σ²_a u_a` */
function predictedVariance({ spreads, meanInverse }: ScoredBatch, arm: number): number {
  return (spreads[arm] as number) * (meanInverse[arm] as number)
}
