// From a context as a client sends it to what is kept of it. Nothing that a client sends fails an
// assignment: what cannot be used counts as missing, and is named.
import { type Feature, MAX_TEXT_LENGTH } from './feature.ts'
import { bucketOf } from './hash-bucket.ts'

/**
 * What is kept of a feature: a number within its range, true or false, the position of a level, a
 * bucket; null: missing.
 */
export type KeptValue = number | boolean | null

export const CONTEXT_FAULTS = [
  'not-a-number',
  'not-a-boolean',
  'not-a-text',
  'unknown-level',
  'out-of-range',
  'too-large',
  'not-an-object',
] as const

export type ContextFaultCode = (typeof CONTEXT_FAULTS)[number]

/** `feature`: null where the context as a whole is at fault. */
export interface ContextFault {
  readonly feature: string | null
  readonly fault: ContextFaultCode
}

export interface KeptContext {
  /** In the order of the features. */
  readonly kept: readonly KeptValue[]
  readonly faults: readonly ContextFault[]
}

/** A larger context counts as missing. */
export const MAX_CONTEXT_BYTES = 8 * 1024

/**
 * What is kept of a parsed context, and what is wrong with it, in the order of the features.
 * Missing values and null are no fault; what is not declared, or retired, is neither read nor kept.
 * A number out of range is clamped. `bytes`: the length of the context as it came, in UTF-8.
 */
export function keepContext(features: readonly Feature[], context: unknown, bytes = 0): KeptContext {
  if (context === undefined || context === null) return { kept: features.map(() => null), faults: [] }
  const isObject = typeof context === 'object' && !Array.isArray(context)
  if (!isObject || bytes > MAX_CONTEXT_BYTES) {
    const fault = isObject ? 'too-large' : 'not-an-object'
    return { kept: features.map(() => null), faults: [{ feature: null, fault }] }
  }
  const kept: KeptValue[] = []
  const faults: ContextFault[] = []
  for (const feature of features) {
    const { key, retired } = feature
    const value: unknown = !retired && Object.hasOwn(context, key) ? Reflect.get(context, key) : null
    if (value === undefined || value === null) {
      kept.push(null)
      continue
    }
    const { keep, fault } = keepValue(feature, value)
    kept.push(keep)
    if (fault !== null) faults.push({ feature: key, fault })
  }
  return { kept, faults }
}

interface Kept {
  readonly keep: KeptValue
  readonly fault: ContextFaultCode | null
}

function keepValue(feature: Feature, value: unknown): Kept {
  switch (feature.type) {
    case 'numeric': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return missing('not-a-number')
      const [lo, hi] = feature.range
      const clamped = Math.min(hi, Math.max(lo, value))
      return { keep: inSteps(clamped, feature), fault: clamped === value ? null : 'out-of-range' }
    }
    case 'boolean':
      return typeof value === 'boolean' ? { keep: value, fault: null } : missing('not-a-boolean')
    case 'categorical': {
      if (typeof value !== 'string') return missing('not-a-text')
      const level = feature.levels.indexOf(value)
      return level === -1 ? missing('unknown-level') : { keep: level, fault: null }
    }
    case 'hashed':
      if (typeof value !== 'string') return missing('not-a-text')
      if (value.length > MAX_TEXT_LENGTH) return missing('too-large')
      return { keep: bucketOf(feature.key, value, feature.buckets), fault: null }
  }
}

function missing(fault: ContextFaultCode): Kept {
  return { keep: null, fault }
}

/** The nearest whole number of steps from the lower end, at most the upper end. */
function inSteps(value: number, { range: [lo, hi], step }: { range: readonly [number, number]; step: number | null }) {
  return step === null ? value : Math.min(hi, lo + step * Math.floor((value - lo) / step + 0.5))
}
