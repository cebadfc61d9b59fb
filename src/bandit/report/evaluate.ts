// What would it have been worth to give arms by other, fixed weights? Answered from the ledger,
// with a confidence sequence.

import { estimateTargetValue } from '../../stats/off-policy/target-value.ts'
import type { Estimate } from '../../stats/sequences/confidence-sequence.ts'
import { differsByUnit } from '../context/scored-ledger.ts'
import { BanditError, type Fault } from '../errors.ts'
import type { Definition } from '../experiment/experiment.ts'
import { ledgerOf } from '../maturity.ts'
import type { ReportInput } from './report-input.ts'

const SUM_TOLERANCE = 1e-9

const NEEDS_UNITS =
  'Other shares cannot be evaluated here: propensities depended on the context, so the sums of a batch do not suffice'

/** What is wrong with target weights by the keys of arms; arms left out have none. */
export function targetFaults({ arms, key }: Definition, weights: Readonly<Record<string, number>>): Fault[] {
  const faults: Fault[] = []
  for (const [arm, weight] of Object.entries(weights)) {
    const path = `weights.${arm}`
    if (arms.every(known => known.key !== arm)) faults.push({ path, message: `is not an arm of "${key}"` })
    if (!(weight >= 0 && weight <= 1)) faults.push({ path, message: 'must be between 0 and 1' })
  }
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE))
    faults.push({ path: 'weights', message: `must sum to 1, not ${Number(sum.toPrecision(12))}` })
  return faults
}

/**
 * The value of weights without faults, on the metric that was read: the mean outcome under them,
 * over the batches in which every arm with weight was active.
 *
 * @throws BanditError `invalid_request` where units had propensities of their own
 */
export function evaluate(
  { experiment, metric, stored, sums }: ReportInput,
  weights: Readonly<Record<string, number>>,
  now: number,
): Estimate {
  if (sums.some(differsByUnit)) throw new BanditError('invalid_request', NEEDS_UNITS)
  const { definition } = experiment
  const byKey = new Map(Object.entries(weights))
  const target = definition.arms.map(({ key }) => byKey.get(key) ?? 0)
  const { alpha, plannedUnits } = definition
  return estimateTargetValue(ledgerOf(experiment, metric, stored, now), {
    target,
    range: metric.range,
    alpha,
    plannedUnits,
  })
}
