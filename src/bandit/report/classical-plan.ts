// What a classical test would need, for an experiment that has not begun.
import { unitsForMeans, unitsForProportions } from '../../stats/classical-sample-size.ts'
import type { Definition } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'
import { kindOf } from '../metrics/registry.ts'

export interface ClassicalPlan {
  /** Base rates; null where lifts are in standard deviations. */
  readonly bases: readonly (number | null)[]
  /** Relative lifts of a rate, or lifts in standard deviations. */
  readonly lifts: readonly number[]
  /** Units of the whole experiment, by base and then by lift; null where no rate is so high. */
  readonly units: readonly (readonly (number | null)[])[]
  readonly power: number
}

const POWER = 0.8
const RATES = [0.01, 0.05, 0.1, 0.2, 0.5] as const
const RELATIVE_LIFTS = [0.05, 0.1, 0.2, 0.5] as const
const STANDARD_LIFTS = [0.02, 0.05, 0.1, 0.2] as const

/**
 * The units after which a test of fixed size, with equal shares and looked at once, finds such a
 * lift of one arm: at alpha divided by the number of lifts, with a power of 0.8.
 */
export function classicalPlan({ arms, alpha }: Definition, metric: Metric): ClassicalPlan {
  const levels = { alpha: alpha / Math.max(1, arms.length - 1), power: POWER }
  const inAll = (each: number | null) => (each === null ? null : each * arms.length)
  if (!kindOf(metric).isShare) {
    const units = STANDARD_LIFTS.map(lift => inAll(unitsForMeans(lift, [1, 1], levels)))
    return { bases: [null], lifts: STANDARD_LIFTS, units: [units], power: POWER }
  }
  const units = RATES.map(rate =>
    RELATIVE_LIFTS.map(lift => {
      const other = rate * (1 + lift)
      return other > 1 ? null : inAll(unitsForProportions(rate, other, levels))
    }),
  )
  return { bases: RATES, lifts: RELATIVE_LIFTS, units, power: POWER }
}
