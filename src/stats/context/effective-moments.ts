// What each arm would have shown under constant propensities, features included: the effective
// counts of ledger.ts, with a row of numbers in the place of each unit's 1.

import { packedLength } from '../numerics/packed-matrix.ts'
import type { ArmMoments } from './moments.ts'

/** What weighs a batch's units, by arm. */
interface WeighedBatch {
  readonly snapshot: number
  /**
   * `p̄_a = P_a/units`: the arm's mean propensity over all units of the batch; null where it was
   * not active. Arms that were added later may be left out.
   */
  readonly meanPropensity: readonly (number | null)[]
  readonly arms: readonly Pick<ArmMoments, 'xx'>[]
  /** In (0, 1], 1 by default: how much the batch still counts, see half-life.ts. */
  readonly discount?: number
}

/** The units of one snapshot on one metric, by arm. All moments have the same dimension. */
export interface MomentBatch extends WeighedBatch {
  readonly arms: readonly ArmMoments[]
}

/**
 * For each of `armCount` arms `N, S, Q, z, A, b` of context.md B.1, as moments: `xx = A` (its first
 * column is N, z), `xy = b` (it begins with S), `yy = Q`. With D the batch's discount and n its
 * units of the arm,
 *
 *     w₁ = Σ D n/p̄     w₂ = Σ D n/p̄²     ν = w₁/w₂     A = ν Σ D Σxxᵀ/p̄     b, Q likewise;
 *
 * all 0 for an arm without units. Each batch is weighed by its own mean propensity, not each unit
 * by its own: a model conditional on x needs weights only against what moves with time. Against 40
 * digits: 1e-9 (tests/golden/context/posterior.json).
 *
 * @throws RangeError when an arm has units in a batch where it had no propensity.
 */
export function effectiveMoments(batches: readonly MomentBatch[], armCount: number, dimension: number): ArmMoments[] {
  return Array.from({ length: armCount }, (_, arm) => {
    const sums = emptyMoments(dimension)
    effectiveWeights(batches, arm).forEach((weight, place) => {
      const own = batches[place]?.arms[arm]
      if (weight > 0 && own !== undefined) addTo(sums, own, weight)
    })
    return sums
  })
}

/**
 * `ν D/p̄` of each batch, by which its sums of the arm are multiplied; 0 where the arm has no
 * units.
 *
 * @throws RangeError when the arm has units in a batch where it had no propensity.
 */
export function effectiveWeights(batches: readonly WeighedBatch[], arm: number): Float64Array {
  let [weight, weightSquared] = [0, 0]
  const shares = Float64Array.from(batches, ({ snapshot, meanPropensity, arms, discount = 1 }) => {
    const units = arms[arm]?.xx[0] ?? 0
    if (units === 0) return 0
    const propensity = meanPropensity[arm]
    if (propensity == null) {
      throw new RangeError(`Cannot weigh the units of arm ${arm} in snapshot ${snapshot}: it was not active there`)
    }
    weight += (discount / propensity) * units
    weightSquared += (discount / propensity / propensity) * units
    return discount / propensity
  })
  return weight === 0 ? shares : shares.map(share => share * (weight / weightSquared))
}

/** Sums that grow in place. */
export interface MomentSums {
  readonly xx: Float64Array
  readonly xy: Float64Array
  yy: number
}

export function emptyMoments(dimension: number): MomentSums {
  return { xx: new Float64Array(packedLength(dimension)), xy: new Float64Array(dimension), yy: 0 }
}

/** `sums += factor · moments` */
export function addTo(sums: MomentSums, moments: ArmMoments, factor: number): void {
  addTimes(sums.xx, moments.xx, factor)
  addTimes(sums.xy, moments.xy, factor)
  sums.yy += factor * moments.yy
}

/** `sums += factor · values`, entry by entry. */
function addTimes(sums: Float64Array, values: Float64Array, factor: number): void {
  for (let place = 0; place < sums.length; place++) {
    sums[place] = (sums[place] as number) + factor * (values[place] as number)
  }
}
