// Where each arm stands in the policy's belief: posterior, probability of being best, expected
// loss.
import { type ArmStanding, bestArm } from '../../stats/belief/best-arm.ts'
import { type Posterior, posteriorMean } from '../../stats/belief/posterior.ts'
import { controlOf, type Definition } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'
import type { Standing } from '../report/report-data.ts'

const CREDIBLE_ENDS = [0.025, 0.975] as const

const UNKNOWN: Standing = { posterior: null, probabilityBest: null, probabilityBeatsControl: null, expectedLoss: null }

/**
 * The standing of every arm. Only active arms compete; a retired one keeps its credible interval.
 */
export function standingsOf(
  definition: Definition,
  metric: Metric,
  posteriors: readonly Posterior[] | null,
): Standing[] {
  const active = definition.arms.flatMap(({ retired }, arm) => (retired ? [] : [arm]))
  if (posteriors === null) {
    return definition.arms.map(({ retired }) =>
      retired ? UNKNOWN : { ...UNKNOWN, probabilityBest: 1 / active.length },
    )
  }
  const control = active.indexOf(controlOf(definition))
  const options = { goal: metric.goal, quantiles: CREDIBLE_ENDS }
  const competing = bestArm(
    active.map(arm => posteriors[arm] as Posterior),
    { ...options, ...(control !== -1 && { control }) },
  )
  return posteriors.map((posterior, arm) => {
    const place = active.indexOf(arm)
    if (place === -1) return { ...UNKNOWN, posterior: interval(posterior, bestArm([posterior], options)[0], metric) }
    const standing = competing[place] as ArmStanding
    const { probabilityBest, probabilityBeatsControl, expectedLoss } = standing
    const beats = place === control ? null : probabilityBeatsControl
    return {
      posterior: interval(posterior, standing, metric),
      probabilityBest,
      probabilityBeatsControl: beats,
      expectedLoss,
    }
  })
}

/** A Normal belief reaches beyond what outcomes can be; the interval does not. */
function interval(
  posterior: Posterior,
  standing: ArmStanding | undefined,
  { range: [lowest, highest] }: Metric,
): Standing['posterior'] {
  const [lower, upper] = standing?.quantiles ?? []
  const within = (end: number | undefined) => (end === undefined ? null : Math.min(highest, Math.max(lowest, end)))
  return { mean: posteriorMean(posterior), lower: within(lower), upper: within(upper) }
}
