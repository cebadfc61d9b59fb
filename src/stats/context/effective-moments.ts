// What each arm would have shown under constant propensities, features included: the effective
// counts of ledger.ts, with a row of numbers in the place of each unit's 1.

import { packedLength } from '../numerics/packed-matrix.ts'
import type { ArmMoments } from './moments.ts'

/** The units of one snapshot, by arm. All moments have the same dimension. */
export interface MomentBatch {
  readonly snapshot: number
  /**
   * `p̄_a = P_a/units`: the arm's mean propensity over all units of the batch; null where it was
   * not active. Arms that were added later may be left out.
   */
  readonly meanPropensity: readonly (number | null)[]
  readonly arms: readonly ArmMoments[]
  /** In (0, 1], 1 by default: how much the batch still counts, see half-life.ts. */
  readonly discount?: number
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
  return Array.from({ length: armCount }, (_, arm) => effectiveMomentsOf(batches, arm, dimension))
}

function effectiveMomentsOf(batches: readonly MomentBatch[], arm: number, dimension: number): ArmMoments {
  const xx = new Float64Array(packedLength(dimension))
  const xy = new Float64Array(dimension)
  let [yy, weight, weightSquared] = [0, 0, 0]
  for (const { snapshot, meanPropensity, arms, discount = 1 } of batches) {
    const own = arms[arm]
    const units = own?.xx[0] ?? 0
    if (own === undefined || units === 0) continue
    const propensity = meanPropensity[arm]
    if (propensity == null) {
      throw new RangeError(`Cannot weigh the units of arm ${arm} in snapshot ${snapshot}: it was not active there`)
    }
    const share = discount / propensity
    weight += share * units
    weightSquared += (share / propensity) * units
    addTimes(xx, own.xx, share)
    addTimes(xy, own.xy, share)
    yy += share * own.yy
  }
  if (weight === 0) return { xx, xy, yy: 0 }
  const scale = weight / weightSquared
  return { xx: xx.map(sum => scale * sum), xy: xy.map(sum => scale * sum), yy: scale * yy }
}

/** `a + factor · b` */
export function addMoments(a: ArmMoments, b: ArmMoments, factor: number): ArmMoments {
  const [xx, xy] = [a.xx.slice(), a.xy.slice()]
  addTimes(xx, b.xx, factor)
  addTimes(xy, b.xy, factor)
  return { xx, xy, yy: a.yy + factor * b.yy }
}

function addTimes(sums: Float64Array, values: Float64Array, factor: number): void {
  for (let place = 0; place < sums.length; place++) {
    sums[place] = (sums[place] as number) + factor * (values[place] as number)
  }
}
