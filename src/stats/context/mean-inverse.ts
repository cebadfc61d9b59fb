// What the next units' scores are predicted to vary by, from the latest batches: it weighs a batch,
// so it has to be known before the batch begins. context.md D.2.

/** So many units of what is known beforehand are added to those of the latest batches. */
const PSEUDO_UNITS = 100

/** The latest batches that matter hold this share of all units. */
const LATEST_SHARE = 0.1

/**
 * R: the fewest latest batches that hold at least a tenth of all units. `batches` are all closed
 * ones, mature or not, in order. Empty while there are no units.
 */
export function latestBatches<Batch extends { readonly units: number }>(batches: readonly Batch[]): readonly Batch[] {
  const wanted = LATEST_SHARE * batches.reduce((sum, { units }) => sum + units, 0)
  let [first, held] = [batches.length, 0]
  while (first > 0 && held < wanted) held += batches[--first]?.units ?? 0
  return batches.slice(first)
}

/** One of the latest batches. */
export interface InverseBatch {
  readonly units: number
  /** `U_a` by position of the arm; 0 where it was not active. */
  readonly inverses: ArrayLike<number>
}

/**
 * `u_a = (Σ_R U_a + 100/p(a | x^∅))/(Σ_R units + 100)`, the predicted mean of 1/p(a), over the
 * batches of R in which the arm was active. `emptyPropensity`: that of a unit that is missing every
 * feature, under the new rule. Where the rule does not look at x, u_a is `1/p(a)` instead.
 */
export function meanInverse(latest: readonly InverseBatch[], arm: number, emptyPropensity: number): number {
  return meanOver(
    latest
      .filter(({ inverses }) => (inverses[arm] ?? 0) > 0)
      .map(({ units, inverses }) => [inverses[arm] as number, units]),
    1 / emptyPropensity,
  )
}

/**
 * `v = (Σ_R U + 100 σ̄²)/(Σ_R units + 100)`, the predicted variance of a unit's score for a further
 * estimand (estimand-row.ts). `meanVariance`: σ̄², the mean of σ²_a over the active arms.
 */
export function estimandVariance(
  latest: readonly { readonly units: number; readonly variance: number }[],
  meanVariance: number,
): number {
  return meanOver(
    latest.map(({ units, variance }) => [variance, units]),
    meanVariance,
  )
}

function meanOver(parts: readonly (readonly [sum: number, units: number])[], known: number): number {
  let [sum, units] = [PSEUDO_UNITS * known, PSEUDO_UNITS]
  for (const [ownSum, ownUnits] of parts) {
    sum += ownSum
    units += ownUnits
  }
  return sum / units
}
