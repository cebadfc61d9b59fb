// Sample ratio mismatch: did the arms get the shares of units that their propensities promised?
// Assignment that loses or favours units in one arm makes every estimate meaningless. Valid at
// every look, with propensities that move.

import { type Batch, type Ledger, unitsIn } from './ledger.ts'
import { logOfMean } from './numerics/log-of-mean.ts'
import { type Evidence, evidenceOf, logEValue, tuneSequence } from './sequences/confidence-sequence.ts'

export interface SampleRatio extends Evidence {
  /**
   * `ln e_a` of each arm's own excess, to identify the arm that is off; null for an arm that never
   * had a propensity. No part of the experiment's evidence.
   */
  readonly logEValues: readonly (number | null)[]
  /** `warning` from e = 100, `alarm` from e = 1000: p ≤ 0.01 and p ≤ 0.001 at any look. */
  readonly status: 'ok' | 'warning' | 'alarm'
}

/** The level that the sequences are tuned to. */
export const ALPHA = 0.001

/** The numbers of units at which the parts of the mixture are tightest. */
const TIGHTEST_AT = [1e3, 1e4, 1e5, 1e6]

/**
 * Over all batches, mature or not. Let `M` be the excesses `Σ_s (n_s(a) − n_s p_s(a))` of all arms
 * but the first, whose excess is what these lack, and `Σ = Σ_s n_s (diag p_s − p_s p_sᵀ)` their
 * covariance (multinomial counts). Then
 *
 *     ln e_j = −½ ln|I + ρ_j² Σ| + ½ Mᵀ (Σ + I/ρ_j²)⁻¹ M,      ρ_j² = c(0.001)/(n_j q),   q =
 *     (1/K)(1 − 1/K)
 *
 * is a normal mixture (Robbins 1970; for vectors Abbasi-Yadkori, Pál & Szepesvári 2011; for shares
 * Lindon & Malek 2022), tuned to n_j = 10³, 10⁴, 10⁵ and 10⁶ units. The experiment's e is the mean
 * of the four (a mean of e-values is one: Vovk & Wang 2021, Ann. Statist. 49). Without units `e = p
 * = 1`. Against 50 digits: 1e-9 (tests/golden/trust.json). On published tests whose assignment was
 * broken, and on clean ones: docs/theory/inference.md.
 *
 * @throws RangeError when units were counted for an inactive arm.
 */
export function sampleRatio(ledger: Ledger, { arms }: { arms: number }): SampleRatio {
  const running = new RunningSampleRatio(arms)
  for (const batch of ledger) running.add(batch)
  return running.ratio()
}

/** The same, fed batch by batch. */
export class RunningSampleRatio {
  /** What each arm got beyond its share. */
  readonly #excess: Float64Array
  /** The covariance of that: its lower triangle, diagonal included. */
  readonly #covariance: readonly Float64Array[]
  readonly #everActive: boolean[]

  constructor(arms: number) {
    this.#excess = new Float64Array(arms)
    this.#covariance = Array.from({ length: arms }, (_, arm) => new Float64Array(arm + 1))
    this.#everActive = new Array<boolean>(arms).fill(false)
  }

  /** @throws RangeError when units were counted for an inactive arm. */
  add(batch: Batch): void {
    const units = unitsIn([batch])
    const shares = Float64Array.from(this.#excess, (_, arm) => batch.propensities[arm] ?? 0)
    for (const [arm, share] of shares.entries()) {
      const got = batch.tallies[arm]?.units ?? 0
      if (share > 0) this.#everActive[arm] = true
      else if (got > 0) {
        throw new RangeError(
          `Cannot compare shares in snapshot ${batch.snapshot}: arm ${arm} has units and no propensity`,
        )
      }
      this.#excess[arm] = (this.#excess[arm] as number) + got - units * share
      const row = this.#covariance[arm] as Float64Array
      const factor = units * share
      if (factor === 0) continue
      for (let other = 0; other < arm; other++) row[other] = (row[other] as number) - factor * (shares[other] as number)
      row[arm] = (row[arm] as number) + factor * (1 - share)
    }
  }

  ratio(): SampleRatio {
    const [excess, covariance] = [this.#excess, this.#covariance]
    const unitVariance = perUnitVariance(excess.length)
    const tunings = TIGHTEST_AT.map(units => tuneSequence(ALPHA, units, unitVariance).rhoSquared)
    const evidence = evidenceOf(logOfMean(tunings.map(rhoSquared => jointLogEValue(excess, covariance, rhoSquared))))
    const logEValues = this.#everActive.map((was, arm) => {
      const [martingale, variance] = [excess[arm] as number, covariance[arm]?.[arm] as number]
      return was ? logOfMean(tunings.map(rhoSquared => logEValue(martingale, variance, rhoSquared))) : null
    })
    return { ...evidence, logEValues, status: statusOf(evidence.logEValue) }
  }
}

/**
 * `q`, what a unit adds to the variance of an arm's count where shares are equal. A single arm has
 * none.
 */
function perUnitVariance(arms: number): number {
  return arms > 1 ? (1 - 1 / arms) / arms : 1
}

/**
 * `ln e` of all arms but the first, by the Cholesky factor L of `I + ρ² Σ`: its determinant is that
 * of the square of L's diagonal, and `Mᵀ (Σ + I/ρ²)⁻¹ M = ρ² |L⁻¹ M|²`.
 */
function jointLogEValue(excess: Float64Array, covariance: readonly Float64Array[], rhoSquared: number): number {
  const factor: Float64Array[] = []
  const solved: number[] = []
  let [logE, squares] = [0, 0]
  for (let arm = 1; arm < excess.length; arm++) {
    const place = arm - 1
    const row = new Float64Array(arm)
    let rest = 1 + rhoSquared * (covariance[arm]?.[arm] as number)
    let value = excess[arm] as number
    for (let other = 0; other < place; other++) {
      const above = factor[other] as Float64Array
      let dot = rhoSquared * (covariance[arm]?.[other + 1] as number)
      for (let k = 0; k < other; k++) dot -= (row[k] as number) * (above[k] as number)
      const entry = dot / (above[other] as number)
      row[other] = entry
      rest -= entry * entry
      value -= entry * (solved[other] as number)
    }
    const root = Math.sqrt(rest)
    row[place] = root
    factor.push(row)
    solved.push(value / root)
    logE -= Math.log(root)
    squares += (value / root) ** 2
  }
  return logE + 0.5 * rhoSquared * squares
}

/** `warning` from e = 100, `alarm` from e = 1000. */
export function statusOf(logE: number): SampleRatio['status'] {
  if (logE >= Math.log(1000)) return 'alarm'
  return logE >= Math.log(100) ? 'warning' : 'ok'
}
