// A feature: what a unit brings, as an experiment declares it. A unit's values of all features are
// its context. See encode.ts for the columns that a policy reads.

export const FEATURE_TYPES = ['numeric', 'boolean', 'categorical', 'hashed'] as const

export type FeatureType = (typeof FEATURE_TYPES)[number]

interface Declared {
  readonly key: string
  /** Missing from every unit that comes from now on; its columns stay. */
  readonly retired: boolean
}

/**
 * A finite number, kept within its range, in whole steps from the lower end where there is a step.
 */
export interface NumericFeature extends Declared {
  readonly type: 'numeric'
  readonly range: readonly [lo: number, hi: number]
  readonly scale: 'linear' | 'log'
  readonly step: number | null
}

export interface BooleanFeature extends Declared {
  readonly type: 'boolean'
  /** Whether the report shows lifts by level; so for the types below. */
  readonly segment: boolean
}

/** One of the levels; everything else is a level of its own. */
export interface CategoricalFeature extends Declared {
  readonly type: 'categorical'
  readonly levels: readonly string[]
  readonly segment: boolean
}

/** Any text; only its bucket is kept. */
export interface HashedFeature extends Declared {
  readonly type: 'hashed'
  readonly buckets: number
  readonly segment: boolean
}

export type Feature = NumericFeature | BooleanFeature | CategoricalFeature | HashedFeature

export const MAX_FEATURES = 16
/** d, the columns of x with its leading 1. */
export const MAX_COLUMNS = 32
/** `k · d(d + 3)/2` for k arms: a snapshot is then at most 32 KiB of doubles. */
export const MAX_RULE_SIZE = 4096
export const MAX_LEVELS = 31
export const MIN_BUCKETS = 2
export const MAX_BUCKETS = 32
/** Longer texts of a hashed feature count as missing. */
export const MAX_TEXT_LENGTH = 256

/** How many columns of x a feature takes. */
export function columnCount(feature: Feature): number {
  switch (feature.type) {
    case 'numeric':
      return 2
    case 'boolean':
      return 1
    case 'categorical':
      return feature.levels.length + 1
    case 'hashed':
      return feature.buckets
  }
}

/** d: the length of x for these features. */
export function dimensionOf(features: readonly Feature[]): number {
  return features.reduce((sum, feature) => sum + columnCount(feature), 1)
}

/** The numbers that a snapshot keeps for so many arms. */
export function ruleSize(arms: number, dimension: number): number {
  return (arms * dimension * (dimension + 3)) / 2
}

/**
 * What each column of x tells, for reports: `1`, `recency`, `recency missing`, `channel=web`,
 * `channel=other`, `city#3`.
 */
export function columnNames(features: readonly Feature[]): string[] {
  return ['1', ...features.flatMap(namesOf)]
}

function namesOf(feature: Feature): string[] {
  const { key } = feature
  switch (feature.type) {
    case 'numeric':
      return [key, `${key} missing`]
    case 'boolean':
      return [key]
    case 'categorical':
      return [...feature.levels, OTHER].map(level => `${key}=${level}`)
    case 'hashed':
      return Array.from({ length: feature.buckets }, (_, bucket) => `${key}#${bucket}`)
  }
}

/** The level of a categorical feature's missing and unknown values, in reports. */
export const OTHER = 'other'
