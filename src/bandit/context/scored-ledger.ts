// The ledger of an experiment with features: batches in order, each with the sums of its units'
// scores and with what its snapshot froze.
import type { ScoredBatch } from '../../stats/context/batch-scores.ts'
import type { EstimandValues } from '../../stats/context/estimand-row.ts'
import type { EstimandBatch } from '../../stats/context/row-effects.ts'
import type { RowValues } from '../../stats/context/score-row.ts'
import type { Tally } from '../../stats/tally.ts'
import { parseWeights, type SnapshotWeights } from './snapshot-weights.ts'

/** What the units of a snapshot add up to, decoded. */
export interface BatchSums {
  readonly snapshot: number
  /** `Σ x xᵀ` by arm, packed, with the columns that there were under this snapshot. */
  readonly contexts: readonly Float64Array[]
  /** By metric and arm: `Σ x y`, `Σ y²`. */
  readonly outcomes: readonly (readonly { readonly xy: Float64Array; readonly yy: number }[])[]
  /** By metric. */
  readonly rows: readonly RowValues[]
  /** By metric, what the policy earned; null where the control was not active. */
  readonly policyRows: readonly (EstimandValues | null)[]
  /** By segment, on the primary metric. */
  readonly segments: readonly { readonly row: RowValues; readonly tallies: readonly Tally[] }[]
}

/** A snapshot of the ledger, its units' sums (null: it has no units) and whether it is mature. */
export interface ScoredSnapshot {
  readonly snapshot: number
  readonly mature: boolean
  readonly weights: SnapshotWeights
  readonly sums: BatchSums
}

/**
 * The snapshots that have units, in order. `heads` and `batches` are those of the ledger, of the
 * same length.
 */
export function scoredLedger(
  heads: readonly { readonly number: number; readonly weights?: string }[],
  batches: readonly { readonly mature: boolean }[],
  sums: readonly BatchSums[],
): ScoredSnapshot[] {
  const bySnapshot = new Map(sums.map(each => [each.snapshot, each]))
  return heads.flatMap(({ number, weights }, place) => {
    const own = bySnapshot.get(number)
    if (weights === undefined || own === undefined) return []
    return [{ snapshot: number, mature: batches[place]?.mature ?? false, weights: parseWeights(weights), sums: own }]
  })
}

/** A batch as the lifts on a metric read it. */
export function scoredBatch({ snapshot, weights, sums }: ScoredSnapshot, metric: number): ScoredBatch {
  const { levels = [], spreads = [] } = weights.metrics[metric] ?? {}
  return { snapshot, row: sums.rows[metric] as RowValues, levels, spreads, meanInverse: weights.meanInverse }
}

/** What the policy earned in a batch on a metric; null where the control was not active. */
export function policyBatch({ snapshot, weights, sums }: ScoredSnapshot, metric: number): EstimandBatch | null {
  const row = sums.policyRows[metric]
  return row == null ? null : { snapshot, row, level: 0, unitVariance: weights.policyVariance[metric] as number }
}

/** The units of a batch in one segment; null where the snapshot did not know the segment. */
export function segmentBatch(
  { snapshot, weights, sums }: ScoredSnapshot,
  segment: number,
  primary: number,
): ScoredBatch | null {
  const [own, frozen] = [sums.segments[segment], weights.segments[segment]]
  if (own === undefined || frozen === undefined) return null
  const levels = weights.metrics[primary]?.levels ?? []
  return { snapshot, row: own.row, levels, spreads: frozen.spreads, meanInverse: frozen.meanInverse }
}
