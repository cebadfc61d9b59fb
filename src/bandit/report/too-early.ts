// Whether it is too early for an interval: while it covers all that the metric's range allows, it
// says nothing.

import type { Lift } from '../../stats/lift/lift.ts'
import type { Estimate } from '../../stats/sequences/confidence-sequence.ts'
import { sufficientUnits } from '../../stats/sequences/sufficient-units.ts'
import type { Metric } from '../metrics/metric.ts'
import { roughly } from '../wording.ts'
import { formatCount } from './numbers.ts'
import type { ArmLift, MeanEstimate } from './report-data.ts'

interface EarlinessOptions {
  readonly metric: Pick<Metric, 'range'>
  readonly alpha: number
  readonly plannedUnits: number
  /** K, every arm that the experiment ever had. */
  readonly arms: number
}

/** `propensity`: the arm's present or last one; null: it never had any. */
export function meanEstimate(mean: Estimate, propensity: number | null, options: EarlinessOptions): MeanEstimate {
  const { estimate, rawEstimate, lower, upper } = mean
  const [lowest, highest] = options.metric.range
  const isEarly = lower !== null && upper !== null && lower <= lowest && upper >= highest
  return {
    mean: estimate,
    rawEstimate,
    lower,
    upper,
    sufficientUnits: isEarly && propensity !== null ? unitsForMean(propensity, options) : null,
  }
}

export interface ComparedMean {
  readonly estimate: MeanEstimate
  readonly propensity: number | null
}

/** A verdict is never too early, though one of the means may be. */
export function armLift(lift: Lift, arm: ComparedMean, control: ComparedMean, options: EarlinessOptions): ArmLift {
  const [lowest, highest] = options.metric.range
  const reach = highest - lowest
  const { lower, upper, verdict } = lift
  const saysNothing = lower !== null && upper !== null && lower <= -reach && upper >= reach
  const early = [arm.estimate.sufficientUnits, control.estimate.sufficientUnits].filter(units => units !== null)
  const { propensity: own } = arm
  const { propensity: other } = control
  if (verdict !== 'undecided' || own === null || other === null || !(saysNothing || early.length > 0)) {
    return { ...lift, sufficientUnits: null }
  }
  const { alpha, plannedUnits, arms } = options
  const ofLift = sufficientUnits({
    alpha: alpha / Math.max(1, arms - 1),
    plannedUnits,
    propensities: [own, other],
    halfWidth: 1,
  })
  return { ...lift, sufficientUnits: Math.max(ofLift, unitsForMean(own, options), unitsForMean(other, options)) }
}

/** Half of the range to each side covers it no more, wherever the mean lies. */
function unitsForMean(propensity: number, { alpha, plannedUnits }: EarlinessOptions): number {
  return sufficientUnits({ alpha, plannedUnits, propensities: [propensity], halfWidth: 0.5 })
}

/**
 * `Too early to compare: usually about 230 units suffice; there are 40.` `units`: the mature ones.
 */
export function tooEarlyText(sufficient: number, units: number): string {
  const usually = `Too early to compare: usually about ${roughly(sufficient)} units suffice`
  return units < sufficient ? `${usually}; there are ${formatCount(units)}.` : `${usually}, but here it takes more.`
}
