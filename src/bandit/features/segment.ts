// Segments: the levels of the features that are marked, in which the report shows lifts.
import { type Feature, OTHER } from './feature.ts'
import type { KeptValue } from './keep-context.ts'

/** At most so many segments of all features together, since every one makes all intervals wider. */
export const MAX_SEGMENT_LEVELS = 24

/** A segment with fewer units is not reported: its lift would tell of single people. */
export const MIN_SEGMENT_UNITS = 100

/** A level of a feature; `level` is what the report calls it. */
export interface Segment {
  /** The feature's place among the features. */
  readonly feature: number
  readonly level: string
}

/** The segments of one feature, in the order of its levels, other and missing values last. */
export function levelsOf(feature: Feature): string[] {
  if (feature.type === 'numeric' || !feature.segment) return []
  if (feature.type === 'boolean') return ['true', 'false', OTHER]
  if (feature.type === 'categorical') return [...feature.levels, OTHER]
  return [...Array.from({ length: feature.buckets }, (_, bucket) => String(bucket)), OTHER]
}

/** All segments, numbered from 0 in this order: features, then their levels. */
export function segmentsOf(features: readonly Feature[]): Segment[] {
  return features.flatMap((feature, place) => levelsOf(feature).map(level => ({ feature: place, level })))
}

export function segmentLevelCount(features: readonly Feature[]): number {
  return features.reduce((sum, feature) => sum + levelsOf(feature).length, 0)
}

/** The numbers of the segments that a unit is in: one for each marked feature. */
export function segmentsOfUnit(features: readonly Feature[], kept: readonly KeptValue[]): number[] {
  const segments: number[] = []
  let first = 0
  for (const [place, feature] of features.entries()) {
    const count = levelsOf(feature).length
    if (count === 0) continue
    segments.push(first + levelAt(kept[place] ?? null, count))
    first += count
  }
  return segments
}

function levelAt(kept: KeptValue, count: number): number {
  if (kept === null) return count - 1
  if (typeof kept === 'boolean') return kept ? 0 : 1
  return kept
}
