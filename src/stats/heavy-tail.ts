// A warning for outcomes of which single ones weigh so much that the estimated variance, and with
// it every interval, lags behind the truth. Two equal arms, lognormal outcomes with σ = 2.5 and a
// range far beyond the bulk: a false verdict in 4 to 7 % of runs, where lighter tails have 2 % and
// 5 % are guaranteed (docs/theory/validity.md, docs/theory/inference.md).
import type { Tally } from './tally.ts'

const LEAST_UNITS = 1_000
const LARGEST_SHARE = 0.01

/**
 * Whether a single outcome makes up over 1 % of an arm's `Σ y²`, from 1,000 units of it on.
 * `largestOutcome`: the largest |y| seen in the arm; null if unknown. Not used for binary metrics,
 * where it would only mean fewer than 100 successes.
 */
export function isHeavyTailed({ units, sumOfSquares }: Tally, largestOutcome: number | null): boolean {
  if (largestOutcome === null || units < LEAST_UNITS) return false
  return largestOutcome ** 2 > LARGEST_SHARE * sumOfSquares
}
