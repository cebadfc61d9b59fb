// What tells one type of metric from another. To add one: a file beside this one that exports a
// kind, and its name in the list of registry.ts.
import type { Posterior } from '../../stats/belief/posterior.ts'
import type { Tally } from '../../stats/tally.ts'
import type { Prior } from '../policies/policy.ts'

export interface MetricKind {
  readonly type: string
  /** In the interface's document: what it measures of a unit. */
  readonly summary: string
  /**
   * Outcomes are 0 or 1: a mean is a share of the units, written in percent, and a sum is their
   * number.
   */
  readonly isShare: boolean
  /** Who defines the metric sets its range, and totals are clipped to it; else it is [0, 1]. */
  readonly hasRange: boolean
  /** The outcome of a unit whose counted rewards sum to `total`; 0 where it has none. */
  readonly outcomeOf: (total: number, range: readonly [lowest: number, highest: number]) => number
  /** What is believed of each arm's mean after these effective counts; null: nothing yet. */
  readonly posteriorsOf: (counts: readonly Tally[], prior: Prior) => readonly Posterior[] | null
}
