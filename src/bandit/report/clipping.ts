// Units whose present total lies outside the range of a metric: their outcome is the nearest end of
// it. A few are what a range is for; many mean that the range, or the unit of the rewards, is
// wrong.

import type { LedgerCell } from '../../store/port.ts'
import type { Definition } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'
import { listed } from '../wording.ts'
import { formatCount, formatShare } from './numbers.ts'

/** The report tells of clipped units from this share of an arm's units on. */
const NOTED_SHARE = 0.01
/**
 * And from this share on, of an arm's units with rewards, it advises to look for the cause before
 * anything is decided.
 */
const DOUBTED_SHARE = 0.2
/**
 * Fewer clipped units are no reason for doubt: of a dozen buyers three may be extreme by chance.
 */
const FEWEST_DOUBTED = 10

/** Numbers of units, those whose window is still open included. */
export interface ClippedUnits {
  readonly above: number
  readonly below: number
}

export const NONE_CLIPPED: ClippedUnits = Object.freeze({ above: 0, below: 0 })

/**
 * The clipped units of an arm on one metric, of the report's own or of a guardrail. `units`: all of
 * the arm's. `rewarded`: so many of them have rewards at the most; exact where none has two.
 */
export interface Clipping extends ClippedUnits {
  readonly metric: Metric
  readonly arm: string
  readonly units: number
  readonly rewarded: number
}

/** By arm, in their order. */
export function clippingsOf({ arms }: Definition, metric: Metric, cells: readonly LedgerCell[]): Clipping[] {
  const sums = arms.map(() => ({ units: 0, rewarded: 0, above: 0, below: 0 }))
  for (const { arm, units, rewards, unitsAbove, unitsBelow } of cells) {
    const sum = sums[arm]
    if (sum === undefined) continue
    sum.units += units
    sum.rewarded += Math.min(units, rewards)
    sum.above += unitsAbove
    sum.below += unitsBelow
  }
  return arms.map(({ key }, arm) => ({ metric, arm: key, units: 0, rewarded: 0, ...NONE_CLIPPED, ...sums[arm] }))
}

function isNoted({ units, above, below }: Clipping): boolean {
  return units > 0 && above + below >= NOTED_SHARE * units
}

/** A share of the arm's units with rewards, which is all of its units where each has one. */
function isDoubted({ above, below, rewarded }: Clipping): boolean {
  return above + below >= Math.max(FEWEST_DOUBTED, DOUBTED_SHARE * rewarded)
}

/**
 * Why the numbers on a metric are doubtful, a sentence for each; none where less than
 * `DOUBTED_SHARE` is clipped.
 */
export function clippingDoubts(clippings: readonly Clipping[]): string[] {
  return byMetric(clippings, isDoubted).map(({ metric, arms, isEveryArm, units, rewarded, above, below }) => {
    const [count, side, question] =
      above >= below ? [above, 'above', 'cents instead of dollars?'] : [below, 'below', 'refunds?']
    const whose = isEveryArm ? '' : ` of ${listed(arms)}`
    const share =
      above + below >= DOUBTED_SHARE * units
        ? `${formatShare(count / units)} of the outcomes${whose}`
        : `${count >= rewarded ? 'all' : `at least ${formatShare(count / rewarded)} of the`} units with rewards${whose}`
    return `${metric.key} has the range ${rangeOf(metric)}, but ${share} are ${side}: ${question}`
  })
}

/**
 * What clipped units mean for the numbers of a report, a sentence for each metric; none below
 * `NOTED_SHARE`.
 */
export function clippingNotes(clippings: readonly Clipping[]): string[] {
  return byMetric(clippings, isNoted).map(({ metric, arms, units, above, below }) => {
    const [lowest, highest] = metric.range
    const sides = [
      ...(above === 0 ? [] : [`${formatCount(above)} are above it and count as ${highest}`]),
      ...(below === 0 ? [] : [`${formatCount(below)} are below it and count as ${lowest}`]),
    ]
    return `${formatShare((above + below) / units)} of the ${formatCount(units)} units of ${listed(arms)} have a total outside the range ${rangeOf(metric)} of ${metric.key}: ${sides.join(', ')}. Means and lifts are those of the clipped outcomes.`
  })
}

interface MetricClipping extends ClippedUnits {
  readonly metric: Metric
  readonly arms: readonly string[]
  readonly isEveryArm: boolean
  readonly units: number
  readonly rewarded: number
}

/** The sums over the arms that are chosen, for each metric that has such arms. */
function byMetric(clippings: readonly Clipping[], isChosen: (clipping: Clipping) => boolean): MetricClipping[] {
  return [...Map.groupBy(clippings, ({ metric }) => metric.key).values()].flatMap(ofMetric => {
    const clipped = ofMetric.filter(isChosen)
    const [first] = clipped
    if (first === undefined) return []
    const sum = { units: 0, rewarded: 0, above: 0, below: 0 }
    for (const { units, rewarded, above, below } of clipped) {
      sum.units += units
      sum.rewarded += rewarded
      sum.above += above
      sum.below += below
    }
    const isEveryArm = clipped.length === ofMetric.filter(({ units }) => units > 0).length
    return [{ metric: first.metric, arms: clipped.map(({ arm }) => arm), isEveryArm, ...sum }]
  })
}

function rangeOf({ range: [lowest, highest] }: Metric): string {
  return `[${lowest}, ${highest}]`
}
