// The policy's beliefs as curves for a drawing: the density of each arm's mean outcome, all at the
// same points.

import type { Posterior } from '../../stats/belief/posterior.ts'
import { posteriorDensity } from '../../stats/belief/posterior-density.ts'
import type { Metric } from '../metrics/metric.ts'
import type { MeanInterval, Report } from './report-data.ts'

export interface BeliefCurves {
  /** In the metric's own unit, rising, evenly spaced. */
  readonly points: readonly number[]
  /** By arm and point, per unit of the metric; null for an arm without a belief. */
  readonly densities: readonly (readonly number[] | null)[]
}

const POINTS = 121

/** How many half-widths of its credible interval an arm is drawn to each side. */
const REACH = 1.7

/**
 * A belief may be this many times as wide as the narrowest; beyond, it would squeeze that one to a
 * needle.
 */
const WIDEST = 40

/** So many arms are drawn at the most, besides the control: those that are most probably best. */
const MOST_DRAWN = 20

/** Null while there is no belief. */
export function beliefCurves({ arms, metric }: Report, posteriors: readonly Posterior[] | null): BeliefCurves | null {
  const drawn = drawnArms(arms)
  const points = pointsOver(
    [...drawn].map(arm => arms[arm]?.posterior ?? null),
    metric,
  )
  if (posteriors === null || points === null) return null
  return {
    points,
    densities: posteriors.map((posterior, arm) => (drawn.has(arm) ? posteriorDensity(posterior, points) : null)),
  }
}

/** Their positions. */
function drawnArms(arms: Report['arms']): ReadonlySet<number> {
  const byBelief = arms
    .map(({ probabilityBest, isControl }, arm) => ({ arm, rank: isControl ? 2 : (probabilityBest ?? -1) }))
    .sort((a, b) => b.rank - a.rank || a.arm - b.arm)
  return new Set(byBelief.slice(0, MOST_DRAWN + 1).map(({ arm }) => arm))
}

/**
 * Covers every interval and its tails, as far as the widest may reach; strictly inside the range of
 * the metric.
 */
function pointsOver(
  intervals: readonly (MeanInterval | null)[],
  { range: [lowest, highest] }: Metric,
): number[] | null {
  const spans = intervals.flatMap(interval => {
    if (interval === null || interval.mean === null || interval.lower === null || interval.upper === null) return []
    const { mean, lower, upper } = interval
    return upper > lower ? [{ mean, below: REACH * (mean - lower), above: REACH * (upper - mean) }] : []
  })
  if (spans.length === 0) return null
  const most = (WIDEST / 2) * Math.min(...spans.map(({ below, above }) => below + above))
  let from = Math.min(...spans.map(({ mean, below }) => mean - Math.min(below, most)))
  let to = Math.max(...spans.map(({ mean, above }) => mean + Math.min(above, most)))
  ;[from, to] = [Math.max(lowest, from), Math.min(highest, to)]
  const width = to - from
  if (!(width > 0) || !Number.isFinite(width)) return null
  // Midpoints, so that neither end of a rate's range is among them.
  return Array.from({ length: POINTS }, (_, place) => from + (width * (place + 0.5)) / POINTS)
}
