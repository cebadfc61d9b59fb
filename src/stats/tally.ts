// The count, sum and sum of squares of a set of units' outcomes on one metric. Tallies add, so
// shards, snapshots and days merge by summing, and nothing downstream ever needs the units
// themselves.

/**
 * `units` ≥ 0 (fractional when the counts are effective ones), `sum` = Σ y, `sumOfSquares` = Σ y².
 */
export interface Tally {
  readonly units: number
  readonly sum: number
  readonly sumOfSquares: number
}

export const EMPTY_TALLY: Tally = Object.freeze({ units: 0, sum: 0, sumOfSquares: 0 })

export function addTallies(a: Tally, b: Tally): Tally {
  return { units: a.units + b.units, sum: a.sum + b.sum, sumOfSquares: a.sumOfSquares + b.sumOfSquares }
}
