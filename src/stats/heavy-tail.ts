// A warning for outcomes of which single ones weigh so much that the variance, and with it every
// interval, is known too late. Two equal arms, lognormal outcomes with σ = 2.5 and a range far
// beyond the bulk: a false verdict in 4 to 7 % of runs, where lighter tails have 2 % and 5 % are
// promised (docs/theory/validity.md, docs/theory/inference.md).
import type { Tally } from './tally.ts'

const LEAST_UNITS = 1_000
const LARGEST_SHARE = 0.01

/**
 * Whether a single outcome makes up over 1 % of an arm's `Σ y²`, from 1,000 units of it on.
 * `largestOutcome`: the largest
 * |y| seen in the arm; null where none is known. Of a binary metric it would only tell that there
 * are fewer than 100 successes: not asked there.
 */
export function isHeavyTailed({ units, sumOfSquares }: Tally, largestOutcome: number | null): boolean {
  if (largestOutcome === null || units < LEAST_UNITS) return false
  return largestOutcome ** 2 > LARGEST_SHARE * sumOfSquares
}
