// The one data structure of inference: for each snapshot of the policy its propensities, and a
// tally for each arm. Every estimate is a function of this; how many units stand behind it never
// matters to the cost.
import { addTallies, EMPTY_TALLY, type Tally } from './tally.ts'

/**
 * The units that were assigned under one snapshot, on one metric. `propensities[a]` and
 * `tallies[a]` belong to arm `a`, in the order of the configuration; a propensity is null where the
 * arm was not active, and both lists may be shorter than those of later batches, because arms can
 * be added. `mature`: every unit has had its whole attribution window.
 */
export interface Batch {
  readonly snapshot: number
  readonly mature: boolean
  readonly propensities: readonly (number | null)[]
  readonly tallies: readonly Tally[]
}

/** Batches in the order of their snapshots. */
export type Ledger = readonly Batch[]

/**
 * The longest run of mature batches from the first: what may be learned from and reported. All
 * later units wait.
 */
export function matureBatches(ledger: Ledger): Ledger {
  const firstImmature = ledger.findIndex(batch => !batch.mature)
  return firstImmature === -1 ? ledger : ledger.slice(0, firstImmature)
}

/** The number of units in these batches, over all arms. */
export function unitsIn(ledger: Ledger): number {
  let units = 0
  for (const batch of ledger) for (const tally of batch.tallies) units += tally.units
  return units
}

/** The plain tally of each of `armCount` arms over these batches. */
export function pooledTallies(ledger: Ledger, armCount: number): Tally[] {
  const pooled: Tally[] = new Array(armCount).fill(EMPTY_TALLY)
  for (const batch of ledger) {
    batch.tallies.forEach((tally, arm) => {
      pooled[arm] = addTallies(pooled[arm] ?? EMPTY_TALLY, tally)
    })
  }
  return pooled
}

/**
 * What each of `armCount` arms would have shown under constant propensities, over the batches in
 * which it was active: `N = (Σ n/p)² / Σ(n/p²)`, `S = N · Σ(S/p) / Σ(n/p)`, `Q` likewise (Kish's
 * effective sample size, 1965). With propensities that never moved these are the plain counts.
 * Plainly pooled counts deceive a policy whose allocation moves while the world does: an arm that
 * got most of its units on good days looks good. A batch with a discount D (in (0, 1], see
 * context/half-life.ts) counts as D times its units: `Σ D n/p`, `Σ D n/p²`, …
 *
 * @throws RangeError when an arm has units in a batch where it had no propensity.
 */
export function effectiveCounts(
  ledger: Ledger,
  armCount: number,
  discountOf: (batch: Batch) => number = () => 1,
): Tally[] {
  return Array.from({ length: armCount }, (_, arm) => effectiveCount(ledger, arm, discountOf))
}

function effectiveCount(ledger: Ledger, arm: number, discountOf: (batch: Batch) => number): Tally {
  let weight = 0
  let weightSquared = 0
  let sum = 0
  let sumOfSquares = 0
  for (const batch of ledger) {
    const tally = batch.tallies[arm]
    if (tally === undefined || tally.units === 0) continue
    const propensity = batch.propensities[arm]
    if (propensity == null) {
      throw new RangeError(
        `Cannot weigh the units of arm ${arm} in snapshot ${batch.snapshot}: it was not active there`,
      )
    }
    const discount = discountOf(batch)
    weight += (discount * tally.units) / propensity
    weightSquared += (discount * tally.units) / propensity ** 2
    sum += (discount * tally.sum) / propensity
    sumOfSquares += (discount * tally.sumOfSquares) / propensity
  }
  if (weight === 0) return EMPTY_TALLY
  const units = weight ** 2 / weightSquared
  return { units, sum: units * (sum / weight), sumOfSquares: units * (sumOfSquares / weight) }
}
