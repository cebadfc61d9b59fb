// The notes of a report: what is immature, missing, clipped or unbounded, and what that means for
// its numbers.
import { isHeavyTailed } from '../../stats/heavy-tail.ts'
import { addTallies, EMPTY_TALLY } from '../../stats/tally.ts'
import type { StoredLedger } from '../../store/port.ts'
import type { Definition } from '../experiment/experiment.ts'
import { hasRange } from '../metrics/registry.ts'
import { readsContext } from '../policies/registry.ts'
import { counted, listed, namesAre } from '../wording.ts'
import { clippingNotes } from './clipping.ts'
import { exposuresOf } from './exposure.ts'
import { missingRewardsTexts } from './missing-rewards.ts'
import { liftNotation, writeWithUnit } from './notation.ts'
import { formatCount, formatShare } from './numbers.ts'
import type { ReportData } from './report-data.ts'

/** A metric without a window misleads when more than this share of its rewards come late. */
const DELAYED_SHARE = 0.05
const ENOUGH_REWARDS = 20
/** Without any reward the report asks about them from so many units on. */
const UNITS_WITHOUT_REWARD = 100
/** So many arms are told of one by one. */
const MOST_STARVED = 3

export function notesOn(reportData: ReportData, definition: Definition, stored: StoredLedger): string[] {
  return [
    ...progressNotes(reportData),
    ...contextNotes(reportData, definition),
    ...armNotes(reportData),
    ...exposureNotes(reportData, definition, stored),
    ...clippingNotes(reportData.clippings),
    ...rangeNotes(reportData),
    ...tailNotes(reportData, definition, stored),
    ...delayNotes(reportData, stored),
    ...noRewardNotes(reportData, stored),
    ...missingRewardsTexts(reportData.missing),
    ...additionNotes(definition, stored),
    ...explorationNotes(reportData, definition, stored),
    ...reopenedNotes(reportData, definition, stored),
  ]
}

function progressNotes({ status, units, immatureUnits, metric, sampleRatio, control }: ReportData): string[] {
  const notes: string[] = []
  if (status === 'draft') notes.push(`The experiment is not started: every unit gets ${control}, and nothing is kept.`)
  else if (units === 0) notes.push('No unit has been assigned yet, so there is nothing to estimate.')
  if (immatureUnits > 0) {
    notes.push(
      `${counted(immatureUnits, 'unit')} within the window of ${metric.window}: counted in the sample ratio only, until the window is over.`,
    )
  }
  if (sampleRatio.status === 'warning')
    notes.push('The arms begin to deviate from the shares that they were promised; see sampleRatio.')
  return notes
}

/** Advice is about one arm for everybody; a contextual policy may earn more than any. */
function contextNotes({ policyLift, metric, arms }: ReportData, { policy }: Definition): string[] {
  const { lower, upper } = policyLift
  const isBetter = metric.goal === 'increase' ? lower !== null && lower > 0 : upper !== null && upper < 0
  if (!readsContext(policy.type) || !isBetter || arms.every(({ lift }) => lift === null)) return []
  const notation = liftNotation(metric, [policyLift])
  return [
    `The policy gives each context an arm of its own, and changed ${metric.key} by ${writeWithUnit(notation, policyLift.estimate)} per unit over the control. One arm for everybody gives that up: compare its lift with this before you ship it.`,
  ]
}

function armNotes({ arms, units, immatureUnits }: ReportData): string[] {
  if (units === immatureUnits) return []
  const notes: string[] = []
  const unseen = arms.filter(arm => arm.units === 0).map(({ arm }) => arm)
  if (unseen.length > 0) {
    notes.push(
      `No mature unit yet in ${listed(unseen)}: ${unseen.length === 1 ? 'its mean and lift rest' : 'their means and lifts rest'} on what is assumed of units that have not been seen, and say nothing.`,
    )
  }
  if (arms.every(arm => arm.posterior === null)) {
    notes.push(
      'There are too few units, or all outcomes are equal, so the policy has no belief yet and treats the arms alike.',
    )
  }
  const unbounded = arms.filter(
    ({ lift }) => lift?.relative != null && lift.relative.upper === null && lift.sufficientUnits === null,
  )
  if (unbounded.length > 0) {
    const names = listed(unbounded.map(({ arm }) => arm))
    notes.push(`The relative lift of ${names} has no upper bound yet, because the control's mean may still be 0.`)
  }
  return notes
}

/** What it means for lifts that an arm gets no new units, or hardly any. */
function exposureNotes({ arms, status, units }: ReportData, definition: Definition, stored: StoredLedger): string[] {
  if (units === 0) return []
  const notes: string[] = []
  const retired = arms.filter(arm => arm.status === 'retired')
  if (retired.some(({ isControl }) => isControl)) {
    notes.push(
      `${definition.control} is retired: a lift over it rests on the units of the time when both had new ones, and later units add nothing to it.`,
    )
  }
  const others = retired.filter(({ isControl }) => !isControl).map(({ arm }) => arm)
  if (others.length > 0) {
    notes.push(
      `${namesAre(others)} retired: ${others.length === 1 ? 'its lift is that' : 'their lifts are those'} of the time when ${others.length === 1 ? 'it' : 'they'} had new units.`,
    )
  }
  if (status !== 'running') return notes
  const starved = exposuresOf(definition, stored, () => false).filter(({ isStarved }) => isStarved)
  for (const { arm, units: own, of } of starved.slice(0, MOST_STARVED)) {
    const meaning =
      arm === definition.control
        ? 'all lifts and guardrails are compared with it, so they narrow slowly.'
        : 'its lift is mostly that of earlier units, and hardly changes any more.'
    notes.push(`${arm} got ${formatCount(own)} of the last ${counted(of, 'unit')}: ${meaning}`)
  }
  if (starved.length > MOST_STARVED) notes.push(`So it is with ${starved.length - MOST_STARVED} more arms.`)
  return notes
}

function rangeNotes({ metric }: ReportData): string[] {
  const [lowest, highest] = metric.range
  if (!hasRange(metric.type) || (lowest <= 0 && highest >= 0)) return []
  const nearest = lowest > 0 ? lowest : highest
  return [
    `The range [${lowest}, ${highest}] of ${metric.key} does not contain 0, so a unit without rewards counts as ${nearest}.`,
  ]
}

/** Arms of which a single outcome weighs so much that the intervals are known too late. */
function tailNotes({ metric, clippings }: ReportData, { arms }: Definition, { cells }: StoredLedger): string[] {
  if (!hasRange(metric.type)) return []
  const sums = arms.map(() => ({ tally: EMPTY_TALLY, largest: 0 }))
  for (const cell of cells) {
    const { tally, largest } = sums[cell.arm] ?? { tally: EMPTY_TALLY, largest: 0 }
    sums[cell.arm] = { tally: addTallies(tally, cell), largest: Math.max(largest, cell.largestOutcome) }
  }
  const heavy = arms.flatMap(({ key }, arm) => {
    const { tally = EMPTY_TALLY, largest = null } = sums[arm] ?? {}
    return isHeavyTailed(tally, largest) ? [key] : []
  })
  if (heavy.length === 0) return []
  const isCut = clippings.some(
    ({ metric: { key }, arm, above, below }) => key === metric.key && heavy.includes(arm) && above + below > 0,
  )
  const note = `A single outcome makes up more than 1 % of the sum of squares of ${metric.key} in ${listed(heavy)}: a verdict may be false more often than promised. Where only a few have an outcome, as with revenue, that passes when enough of them have.`
  return [isCut ? note : `${note} Where it stays, give the metric of a new experiment a narrower range.`]
}

function noRewardNotes({ metric, units }: ReportData, { cells }: StoredLedger): string[] {
  if (units < UNITS_WITHOUT_REWARD || cells.some(({ rewards }) => rewards > 0)) return []
  return [
    `No reward of ${metric.key} has come for any of ${formatCount(units)} units: check that /assign and /rewards are sent the same ids of units; where they differ, pinwheel_rewards_total{status="unassigned"} in /metrics rises.`,
  ]
}

/** Rewards that come late. */
function delayNotes({ metric }: ReportData, { cells }: StoredLedger): string[] {
  if (metric.window !== null) return []
  let [rewards, delayed] = [0, 0]
  for (const cell of cells) {
    rewards += cell.rewards
    delayed += cell.delayedRewards
  }
  if (rewards < ENOUGH_REWARDS || delayed <= DELAYED_SHARE * rewards) return []
  const share = Math.round((100 * delayed) / rewards)
  return [
    `${share} % of the rewards came more than an hour after the assignment, and ${metric.key} has no window: arms that convert later look worse than they are. Give the metric a window next time.`,
  ]
}

function additionNotes({ arms }: Definition, { snapshots }: StoredLedger): string[] {
  return arms.flatMap(({ key }, arm) => {
    const first = snapshots.find(({ propensities }) => propensities[arm] != null)
    if (first === undefined || first.number === 1) return []
    return [`${key} was added in snapshot ${first.number}: the joint guarantee over all arms holds from there on.`]
  })
}

/** Which exploration holds now, where it changes with the verdicts. */
function explorationNotes(
  { status }: ReportData,
  { policy, metrics }: Definition,
  { snapshots }: StoredLedger,
): string[] {
  const last = snapshots.at(-1)
  if (status !== 'running' || last === undefined || !('exploration' in policy)) return []
  const { exploration } = policy
  if (typeof exploration === 'number') return []
  const primary = metrics.find(({ role }) => role === 'primary')?.key
  const [until, after] = [formatShare(exploration.untilVerdict), formatShare(exploration.after)]
  return last.allDecided
    ? [
        `The policy spreads ${after} of the new units evenly, because every active arm has had a verdict on ${primary}; before it was ${until}.`,
      ]
    : [
        `The policy spreads ${until} of the new units evenly until every active arm has a verdict on ${primary}, and ${after} from then on.`,
      ]
}

/** Active arms whose verdict was there when every arm had one, and is not now. */
function reopenedNotes({ arms, metric }: ReportData, definition: Definition, { snapshots }: StoredLedger): string[] {
  const decided = snapshots.find(({ allDecided }) => allDecided)
  if (metric.role !== 'primary' || decided === undefined) return []
  const reopened = arms.filter(({ arm, status, lift }) => {
    const position = definition.arms.findIndex(({ key }) => key === arm)
    return status === 'active' && lift?.verdict === 'undecided' && decided.propensities[position] != null
  })
  if (reopened.length === 0) return []
  return [
    `In snapshot ${decided.number} every active arm had a verdict on ${metric.key}; now ${namesAre(reopened.map(({ arm }) => arm))} undecided, since an interval can widen again when later data disagree or the shares of the arms change.`,
  ]
}
