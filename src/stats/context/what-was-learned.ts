// What a report says of the features: which coefficients an arm has, and what they explain.
// context.md E, I.
import { packedLength } from '../numerics/packed-matrix.ts'
import type { ArmMoments } from './moments.ts'
import { tallyOf } from './predictions.ts'
import type { ArmFit, SlopesFit } from './slopes-fit.ts'

/** The belief about the coefficient of a column: Normal(mean, sd²), in the metric's unit. */
export interface Coefficient {
  /** Of x, from 1: column 0 is the leading 1. */
  readonly column: number
  readonly mean: number
  readonly sd: number
  /** By how many sd the mean is from the slope that all arms share. */
  readonly distance: number
}

/**
 * The `most` coefficients of an arm that are farthest from the common slopes, in standard
 * deviations: `sd_j = s_a √(Λ_a⁻¹)_jj`.
 */
export function distinctCoefficients({ commonSlopes }: SlopesFit, arm: ArmFit, most: number): Coefficient[] {
  return coefficientsOf(arm, commonSlopes)
    .toSorted((a, b) => Math.abs(b.distance) - Math.abs(a.distance))
    .slice(0, most)
}

function coefficientsOf({ coefficients, inverseFactor, variance }: ArmFit, commonSlopes: Float64Array): Coefficient[] {
  return Array.from(commonSlopes, (common, place) => {
    const column = place + 1
    let squares = 0
    for (let row = column; row < coefficients.length; row++) {
      squares += (inverseFactor[packedLength(row) + column] as number) ** 2
    }
    const mean = coefficients[column] as number
    const sd = Math.sqrt(variance * squares)
    return { column, mean, sd, distance: (mean - common) / sd }
  })
}

export interface Explained {
  /** R² by position of the arm, 0–1: `explained_a/W_a`; null for an arm without variation. */
  readonly shares: readonly (number | null)[]
  /** What adjustment is worth: `ΣW/(ΣW − Σ explained)` times the units, at least 1. */
  readonly asIfUnits: number
}

/**
 * How much of the outcomes' variation the features explain, from the effective moments of a metric.
 */
export function explainedOf(moments: readonly ArmMoments[], fit: SlopesFit): Explained {
  let [all, explained] = [0, 0]
  const shares = moments.map((own, arm) => {
    const { units, sum, sumOfSquares } = tallyOf(own)
    const spread = units === 0 ? 0 : Math.max(0, sumOfSquares - (sum * sum) / units)
    if (spread === 0) return null
    const part = Math.min(spread, fit.arms[arm]?.explained ?? 0)
    all += spread
    explained += part
    return part / spread
  })
  return { shares, asIfUnits: all > explained ? all / (all - explained) : 1 }
}
