// A promise with what was measured of it.

/** Where a value has to be. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number }

export interface Verdict {
  readonly promise: string
  /** The median of the values, and their ends. */
  readonly median: number
  readonly least: number
  readonly most: number
  /** As ` ms`; empty for a ratio. */
  readonly unit: string
  readonly bound: Bound
  /** Whether the median is where it has to be. */
  readonly isKept: boolean
}

/** One value for each round. */
export function judge(promise: string, values: readonly number[], bound: Bound, unit = ''): Verdict {
  const middle = medianOf(values)
  const isKept = 'atLeast' in bound ? middle >= bound.atLeast : middle <= bound.atMost
  return { promise, median: middle, least: Math.min(...values), most: Math.max(...values), unit, bound, isKept }
}

/** Of an even number of values, the mean of the two in the middle. NaN for none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [below, above] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  return below === undefined || above === undefined ? Number.NaN : (below + above) / 2
}
