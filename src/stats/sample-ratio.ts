// Sample ratio mismatch: did the arms get the shares of units that their propensities promised? Assignment that loses
// or favours units in one arm makes every estimate meaningless. Valid at every look, with propensities that move.
import { type Evidence, evidenceOf, logEValue, tuneSequence } from './confidence-sequence.ts'
import { type Ledger, unitsIn } from './ledger.ts'

export interface SampleRatio extends Evidence {
  /** `ln e_a` of each arm; null for an arm that never had a propensity. */
  readonly logEValues: readonly (number | null)[]
  /** `warning` from e = 100, `alarm` from e = 1000: p ≤ 0.01 and p ≤ 0.001 at any look. */
  readonly status: 'ok' | 'warning' | 'alarm'
}

const ALPHA = 0.001

/**
 * Over all batches, mature or not: `M_a = Σ (n_s(a) − n_s p_s(a))`, `V_a = Σ n_s p_s(a)(1 − p_s(a))`, `ln e_a` by the
 * normal mixture; the experiment's e is the mean of the arms' (a mean of e-values is one: Vovk & Wang 2021, Ann.
 * Statist. 49). `plannedUnits` as for the lifts. Without units `e = p = 1`. Against 50 digits: worst error 3e-13 at 4e8
 * units (tests/stats/sample-ratio.test.ts).
 *
 * @throws RangeError when units were counted for an inactive arm.
 */
export function sampleRatio(ledger: Ledger, options: { arms: number; plannedUnits: number }): SampleRatio {
  const { rhoSquared } = tuneSequence(ALPHA, options.plannedUnits)
  const excesses = excessesOf(ledger, options.arms)
  const logEValues = excesses.map(arm => (arm.everActive ? logEValue(arm.martingale, arm.variance, rhoSquared) : null))
  const evidence = evidenceOf(logOfMean(logEValues.filter(logE => logE !== null)))
  return { ...evidence, logEValues, status: statusOf(evidence.logEValue) }
}

/** What an arm got beyond its share, and the variance of that. */
function excessesOf(ledger: Ledger, armCount: number) {
  const excesses = Array.from({ length: armCount }, () => ({ everActive: false, martingale: 0, variance: 0 }))
  for (const batch of ledger) {
    const units = unitsIn([batch])
    excesses.forEach((excess, arm) => {
      const propensity = batch.propensities[arm] ?? 0
      const got = batch.tallies[arm]?.units ?? 0
      if (propensity > 0) excess.everActive = true
      else if (got > 0) {
        throw new RangeError(
          `Cannot compare shares in snapshot ${batch.snapshot}: arm ${arm} has units and no propensity`,
        )
      }
      excess.martingale += got - units * propensity
      excess.variance += units * propensity * (1 - propensity)
    })
  }
  return excesses
}

/** `ln mean(e^x)` without overflow; 0 for no values. */
function logOfMean(logs: readonly number[]): number {
  if (logs.length === 0) return 0
  const largest = Math.max(...logs)
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / logs.length)
}

function statusOf(logE: number): SampleRatio['status'] {
  if (logE >= Math.log(1000)) return 'alarm'
  return logE >= Math.log(100) ? 'warning' : 'ok'
}
