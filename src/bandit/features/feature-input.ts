// Features as a person declares them: what makes them valid, and what is filled in.
import type { Fault } from '../errors.ts'
import { KEY_PATTERN, KEY_RULE } from '../experiment/key.ts'
import {
  columnCount,
  FEATURE_TYPES,
  type Feature,
  type FeatureType,
  MAX_BUCKETS,
  MAX_COLUMNS,
  MAX_FEATURES,
  MAX_LEVELS,
  MAX_RULE_SIZE,
  MAX_TEXT_LENGTH,
  MIN_BUCKETS,
  ruleSize,
} from './feature.ts'
import { MAX_SEGMENT_LEVELS, segmentLevelCount } from './segment.ts'

/** A feature as a person writes it: what has a default may be left out. */
export interface FeatureInput {
  readonly key: string
  readonly type: FeatureType
  readonly range?: readonly [number, number] | undefined
  readonly scale?: 'linear' | 'log' | undefined
  readonly step?: number | null | undefined
  readonly levels?: readonly string[] | undefined
  readonly buckets?: number | undefined
  readonly segment?: boolean | undefined
  readonly retired?: boolean | undefined
}

/** What of a feature could be read; null stands for what could not, and is not judged. */
export type ReadableFeature = { readonly [Field in keyof FeatureInput]?: FeatureInput[Field] | null | undefined }

/** The fields that belong to some types only. */
const FIELDS = {
  range: ['numeric'],
  scale: ['numeric'],
  step: ['numeric'],
  levels: ['categorical'],
  buckets: ['hashed'],
  segment: ['boolean', 'categorical', 'hashed'],
} as const satisfies Partial<Record<keyof FeatureInput, readonly FeatureType[]>>

/**
 * Everything that is wrong with the features of an experiment with so many arms (null: they could
 * not be read), by path: `features[1].range`.
 */
export function featureFaults(features: readonly (ReadableFeature | null)[], arms: number | null): Fault[] {
  const faults = features.flatMap((feature, place) =>
    feature === null ? [] : ownFaults(feature, `features[${place}]`),
  )
  faults.push(...repeatedKeys(features))
  if (features.length > MAX_FEATURES) {
    faults.push(featureCountFault(features.length))
  }
  const valid = features.flatMap(feature => {
    return feature !== null && ownFaults(feature, '').length === 0 && isReadable(feature)
      ? [completeFeature(feature)]
      : []
  })
  return valid.length < features.length ? faults : [...faults, ...sizeFaults(valid, arms)]
}

export function featureCountFault(count: number): Fault {
  return { path: 'features', message: `must be at most ${MAX_FEATURES}, not ${count}` }
}

/** Fills in the defaults. The input must be without faults. */
export function completeFeature(input: FeatureInput): Feature {
  const { key, type, range, scale, step, levels, buckets, segment = false, retired = false } = input
  switch (type) {
    case 'numeric':
      return { key, retired, type, range: range ?? [0, 1], scale: scale ?? 'linear', step: step ?? null }
    case 'boolean':
      return { key, retired, type, segment }
    case 'categorical':
      return { key, retired, type, levels: [...(levels ?? [])], segment }
    case 'hashed':
      return { key, retired, type, buckets: buckets ?? MIN_BUCKETS, segment }
  }
}

/** Whether nothing that is there is unreadable; what a type requires, its faults tell. */
function isReadable(feature: ReadableFeature): feature is FeatureInput {
  return (
    Object.values(feature).every(value => value !== null) && feature.key !== undefined && feature.type !== undefined
  )
}

function ownFaults(feature: ReadableFeature, path: string): Fault[] {
  const faults: Fault[] = []
  const { key, type } = feature
  if (key != null && !KEY_PATTERN.test(key)) {
    faults.push({ path: `${path}.key`, message: `${JSON.stringify(key.slice(0, 80))} ${KEY_RULE}` })
  }
  if (type != null) {
    if (FEATURE_TYPES.includes(type)) faults.push(...misplacedFaults(feature, type, path))
    else faults.push({ path: `${path}.type`, message: `must be one of ${FEATURE_TYPES.join(', ')}` })
  }
  if (type === 'numeric') faults.push(...numericFaults(feature, path))
  if (type === 'categorical') faults.push(...levelFaults(feature.levels, `${path}.levels`))
  if (type === 'hashed') faults.push(...bucketFaults(feature.buckets, `${path}.buckets`))
  return faults
}

function misplacedFaults(feature: ReadableFeature, type: FeatureType, path: string): Fault[] {
  return Object.entries(FIELDS).flatMap(([field, types]) => {
    const value = feature[field as keyof typeof FIELDS]
    if (value == null || value === false || (types as readonly FeatureType[]).includes(type)) return []
    return [{ path: `${path}.${field}`, message: `belongs to ${types.join(', ')} features only, not to ${type} ones` }]
  })
}

function numericFaults({ range, step, scale }: ReadableFeature, path: string): Fault[] {
  if (range === null) return []
  if (range === undefined) return [{ path: `${path}.range`, message: 'is required for numeric: [lo, hi]' }]
  const [lo, hi] = range
  if (![lo, hi].every(Number.isFinite) || !Number.isFinite(hi - lo)) {
    return [{ path: `${path}.range`, message: 'must be two finite numbers, not too far apart for their difference' }]
  }
  if (lo >= hi) return [{ path: `${path}.range`, message: 'lo must be below hi' }]
  const faults: Fault[] = []
  if (step != null && !(step > 0 && step <= hi - lo)) {
    faults.push({ path: `${path}.step`, message: `must be above 0 and at most hi − lo, ${hi - lo}` })
  }
  if (scale != null && scale !== 'linear' && scale !== 'log') {
    faults.push({ path: `${path}.scale`, message: 'must be linear or log' })
  }
  return faults
}

function levelFaults(levels: readonly (string | null)[] | null | undefined, path: string): Fault[] {
  if (levels === null) return []
  if (levels === undefined) return [{ path, message: 'is required for categorical: the texts that the feature can be' }]
  if (levels.length < 1 || levels.length > MAX_LEVELS) {
    return [{ path, message: `must be 1 to ${MAX_LEVELS} levels, not ${levels.length}` }]
  }
  return levels.flatMap((level, place) => {
    // One that could not be read is not judged.
    if (level === null) return []
    const own = `${path}[${place}]`
    if (level.length > MAX_TEXT_LENGTH) return [{ path: own, message: `must be at most ${MAX_TEXT_LENGTH} characters` }]
    if (levels.indexOf(level) < place) return [{ path: own, message: `${JSON.stringify(level)} is there twice` }]
    return []
  })
}

function bucketFaults(buckets: number | null | undefined, path: string): Fault[] {
  if (buckets === null) return []
  if (Number.isInteger(buckets) && Number(buckets) >= MIN_BUCKETS && Number(buckets) <= MAX_BUCKETS) return []
  return [{ path, message: `must be a whole number from ${MIN_BUCKETS} to ${MAX_BUCKETS}` }]
}

function repeatedKeys(features: readonly (ReadableFeature | null)[]): Fault[] {
  const keys = features.map(feature => feature?.key ?? null)
  return keys.flatMap((key, place) =>
    key !== null && keys.indexOf(key) < place
      ? [{ path: `features[${place}].key`, message: `${JSON.stringify(key.slice(0, 80))} is there twice` }]
      : [],
  )
}

function sizeFaults(features: readonly Feature[], arms: number | null): Fault[] {
  const faults: Fault[] = []
  const dimension = features.reduce((sum, feature) => sum + columnCount(feature), 1)
  if (dimension > MAX_COLUMNS) {
    const message = `make ${dimension} columns (a 1, and those of each feature), at most ${MAX_COLUMNS}`
    faults.push({ path: 'features', message })
  }
  const size = arms === null ? 0 : ruleSize(arms, dimension)
  if (size > MAX_RULE_SIZE) {
    const message = `${arms} arms × ${dimension} columns would need ${size} numbers a snapshot, at most ${MAX_RULE_SIZE}`
    faults.push({ path: 'features', message })
  }
  const levels = segmentLevelCount(features)
  if (levels > MAX_SEGMENT_LEVELS) {
    const message = `have ${levels} segments (those of other and missing values among them), at most ${MAX_SEGMENT_LEVELS}`
    faults.push({ path: 'features', message })
  }
  return faults
}
