// Sample ratio mismatch where units have propensities of their own. context.md D.5.

import { logOfMean } from '../numerics/log-of-mean.ts'
import { ALPHA, type SampleRatio, statusOf } from '../sample-ratio.ts'
import { evidenceOf, logEValue, tuneSequence } from '../sequences/confidence-sequence.ts'
import type { RowValues } from './score-row.ts'

/**
 * Over all batches, mature or not, `M_a = Σ(n_a − P_a)` is a martingale of variance
 * `V_a = Σ(P_a − PP_a)`; each arm has `ln e_a = M²/(2(V + 1/ρ²)) − ½ ln(1 + ρ²V)`, ρ² tuned to
 * `plannedUnits` at level 0.001, and the experiment's e is the mean of the arms that ever had a
 * propensity (Vovk & Wang 2021). Against 40 digits: 1e-9 (tests/golden/context/scores.json).
 */
export function rowSampleRatio(rows: readonly RowValues[], arms: number, plannedUnits: number): SampleRatio {
  const { rhoSquared } = tuneSequence(ALPHA, plannedUnits)
  const logEValues = Array.from({ length: arms }, (_, arm) => {
    let [excess, variance, expected] = [0, 0, 0]
    for (const { armUnits, propensities, propensitySquares } of rows) {
      const propensity = propensities[arm] ?? 0
      expected += propensity
      excess += (armUnits[arm] ?? 0) - propensity
      variance += propensity - (propensitySquares[arm] ?? 0)
    }
    return expected === 0 ? null : logEValue(excess, variance, rhoSquared)
  })
  const overall = evidenceOf(logOfMean(logEValues.filter(log => log !== null)))
  return { ...overall, logEValues, status: statusOf(overall.logEValue) }
}
