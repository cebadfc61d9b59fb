// Every type of metric, in the order in which people are shown them. The first is the one that a
// form begins with.
import { binary } from './binary.ts'
import { continuous } from './continuous.ts'
import type { MetricKind } from './kind.ts'

export const METRIC_KINDS = [binary, continuous] as const

export type MetricType = (typeof METRIC_KINDS)[number]['type']

export const METRIC_TYPES = METRIC_KINDS.map(({ type }) => type) as [MetricType, ...MetricType[]]

/** Those whose range is set by who defines the metric. */
export const RANGED_TYPES: readonly MetricType[] = METRIC_KINDS.flatMap(({ type, hasRange }) =>
  hasRange ? [type] : [],
)

const BY_TYPE = new Map<string, MetricKind>(METRIC_KINDS.map(kind => [kind.type, kind]))

export function kindOf({ type }: { readonly type: MetricType }): MetricKind {
  return BY_TYPE.get(type) as MetricKind
}

/** False also for a type that does not exist. */
export function hasRange(type: string | null | undefined): boolean {
  return BY_TYPE.get(type ?? '')?.hasRange ?? false
}
