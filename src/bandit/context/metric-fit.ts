// What the features tell of a metric's outcomes: the fit to all mature batches, and what it says of
// the arms.
import type { NormalPosterior } from '../../stats/belief/posterior.ts'
import { momentsOver } from '../../stats/context/freeze-snapshot.ts'
import type { ArmMoments } from '../../stats/context/moments.ts'
import { fitSlopes, type SlopesFit } from '../../stats/context/slopes-fit.ts'
import { packedLength } from '../../stats/numerics/packed-matrix.ts'
import { type Definition, primaryMetricOf } from '../experiment/experiment.ts'
import { encode } from '../features/encode.ts'
import type { Metric } from '../metrics/metric.ts'
import { closedBatch, type ScoredSnapshot } from './scored-ledger.ts'

export interface MetricFit {
  /** By arm, effective. */
  readonly moments: readonly ArmMoments[]
  /** Null while nothing is known. */
  readonly fit: SlopesFit | null
}

/** The fit that adjusts: never discounted, nor started warm. */
export function fitMetric(definition: Definition, metric: Metric, scored: readonly ScoredSnapshot[]): MetricFit {
  const { arms, metrics, features = [] } = definition
  const primary = metrics.indexOf(primaryMetricOf(definition))
  const mature = scored.flatMap(each => (each.mature ? [closedBatch(each, primary)] : []))
  const options = {
    active: arms.map(() => true),
    emptyContext: encode(features, []),
    ranges: metrics.map(({ range }) => range),
  }
  const moments = momentsOver(mature, options, null)[metrics.indexOf(metric)] ?? []
  return { moments, fit: moments.length === 0 ? null : fitSlopes(moments) }
}

/**
 * The belief about each arm's mean for a unit with the mean context of all units:
 * `Normal(x̄ᵀβ_a, s_a² x̄ᵀΛ_a⁻¹x̄)`. A contextual policy gives an arm the units that suit it, so
 * the mean of an arm's own units says nothing of its mean for all. Null while nothing is known.
 */
export function posteriorsAtMeanContext({ fit }: MetricFit): readonly NormalPosterior[] | null {
  if (fit === null) return null
  const x = fit.meanContext
  return fit.arms.map(({ coefficients, inverseFactor, variance }) => {
    let [mean, squares] = [0, 0]
    for (let row = 0; row < x.length; row++) {
      mean += (x[row] as number) * (coefficients[row] as number)
      let dot = 0
      for (let column = 0; column <= row; column++) {
        dot += (inverseFactor[packedLength(row) + column] as number) * (x[column] as number)
      }
      squares += dot * dot
    }
    return { family: 'normal', mean, variance: variance * squares }
  })
}
