// From rewards to a unit's outcome: which rewards count, and what they add up to. The twins of the
// store call this inside their transactions, so that the rule stands once and in no SQL.
import type { Metric } from './metric.ts'
import { kindOf } from './registry.ts'

/**
 * When rewards of a metric count. `windowMs`: up to so long after the unit's assignment (null: no
 * end). `until`: an instant after which nothing counts (null: none); it ends a metric without a
 * window when its experiment stops.
 */
export interface Attribution {
  readonly windowMs: number | null
  readonly until: number | null
}

/**
 * True when a reward dated `at` counts for a unit that was assigned at `assignedAt` (instants in
 * ms). Both ends belong.
 */
export function isAttributed(attribution: Attribution, assignedAt: number, at: number): boolean {
  if (at < assignedAt) return false
  if (attribution.windowMs !== null && at > assignedAt + attribution.windowMs) return false
  return attribution.until === null || at <= attribution.until
}

/**
 * What a unit's new outcome adds to a tally. The errors are what rounding took from the
 * differences, so that they can be undone.
 */
export interface OutcomeChange {
  readonly sum: number
  readonly sumError: number
  readonly sumOfSquares: number
  readonly sumOfSquaresError: number
}

/**
 * From one outcome of a unit to the next; each difference is exact as the sum of its two numbers
 * (Knuth's two-sum).
 */
export function outcomeChange(before: number, after: number): OutcomeChange {
  const [sum, sumError] = exactDifference(after, before)
  const [sumOfSquares, sumOfSquaresError] = exactDifference(after ** 2, before ** 2)
  return { sum, sumError, sumOfSquares, sumOfSquaresError }
}

function exactDifference(a: number, b: number): [difference: number, error: number] {
  const difference = a - b
  const minusB = difference - a
  return [difference, a - (difference - minusB) - (b + minusB)]
}

const DELAY_MS = 3_600_000

/**
 * True when a reward comes over an hour after the assignment. Many of these on a metric without a
 * window deceive: arms that convert later look worse than they are, until their rewards have come.
 */
export function isDelayed(assignedAt: number, at: number): boolean {
  return at - assignedAt > DELAY_MS
}

/** The outcome of a unit whose counted rewards sum to `total` (0 without any). */
export function outcomeOf(metric: Pick<Metric, 'type' | 'range'>, total: number): number {
  return kindOf(metric).outcomeOf(total, metric.range)
}

/**
 * On which side of the metric's range a unit's total lies, so that its outcome is clipped; null
 * where it is not. A total of 0 never is, since a unit without rewards has it; nor are the totals
 * of a metric whose range is not set.
 */
export function clippedSide(metric: Pick<Metric, 'type' | 'range'>, total: number): 'above' | 'below' | null {
  if (total === 0 || !kindOf(metric).hasRange) return null
  const [lowest, highest] = metric.range
  if (total > highest) return 'above'
  return total < lowest ? 'below' : null
}
