// How often each feature is missing, from the moments alone: every unit that is missing a feature
// has the same columns, so no counts have to be kept beside them.

import { latestBatches } from '../../stats/context/mean-inverse.ts'
import { packedLength } from '../../stats/numerics/packed-matrix.ts'
import { columnCount, type Feature } from './feature.ts'

/** The units of a batch, all arms together. */
export interface ContextBatch {
  readonly units: number
  /** `Σ x xᵀ`, packed, with the columns that there were. */
  readonly xx: Float64Array
}

export interface MissingShare {
  readonly feature: string
  /** 0–1, of all units. Of a categorical feature unknown levels count as missing. */
  readonly missing: number
  /** `many`: above 20 %; `rising`: it has doubled from the first tenth of the units to the last. */
  readonly warning: 'many' | 'rising' | null
}

const MANY = 0.2
/** Below, twice as many are no news. */
const LEAST_RISING = 0.01

/** The share of each feature that is not retired, over batches in order. */
export function missingShares(features: readonly Feature[], batches: readonly ContextBatch[]): MissingShare[] {
  const first = latestBatches(batches.toReversed())
  const last = latestBatches(batches)
  return features.flatMap((feature, place) => {
    if (feature.retired) return []
    const column = features.slice(0, place).reduce((sum, other) => sum + columnCount(other), 1)
    const shareOf = (some: readonly ContextBatch[]) => {
      const units = some.reduce((sum, batch) => sum + batch.units, 0)
      const missing = some.reduce((sum, batch) => sum + missingUnits(feature, column, batch), 0)
      return units === 0 ? 0 : missing / units
    }
    const missing = shareOf(batches)
    const [before, after] = [shareOf(first), shareOf(last)]
    const isRising = after >= LEAST_RISING && after >= 2 * before
    return [{ feature: feature.key, missing, warning: missing > MANY ? 'many' : isRising ? 'rising' : null }]
  })
}

/** `column`: the feature's first. Units from before it was appended are missing it. */
function missingUnits(feature: Feature, column: number, { units, xx }: ContextBatch): number {
  const sumOf = (at: number) => xx[packedLength(at)] ?? 0
  if (packedLength(column) >= xx.length) return units
  switch (feature.type) {
    case 'numeric':
      return sumOf(column + 1)
    case 'boolean':
      // Squares are 1 where it is there, and 0 where it is missing.
      return units - (xx[packedLength(column) + column] as number)
    case 'categorical':
      return sumOf(column + feature.levels.length)
    case 'hashed':
      return (
        units - Array.from({ length: feature.buckets }, (_, bucket) => sumOf(column + bucket)).reduce((a, b) => a + b)
      )
  }
}
