// The small print of a report that belongs in large print: what is immature, missing or unbounded, and why.
import type { Definition } from './experiment.ts'
import type { Findings } from './findings.ts'
import type { StoredLedger } from './store.ts'
import { counted, listed } from './wording.ts'

/** A metric without a window deceives when more than this share of its rewards come late. */
const DELAYED_SHARE = 0.05
const ENOUGH_REWARDS = 20

export function notesOn(findings: Findings, definition: Definition, stored: StoredLedger): string[] {
  return [
    ...progressNotes(findings),
    ...armNotes(findings),
    ...delayNotes(findings, stored),
    ...additionNotes(definition, stored),
  ]
}

function progressNotes({ status, units, immatureUnits, metric, sampleRatio }: Findings): string[] {
  const notes: string[] = []
  if (status === 'draft')
    notes.push('The experiment has not been started: everybody gets the control, and nothing is kept.')
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

function armNotes({ arms, metric, units, immatureUnits }: Findings): string[] {
  if (units === immatureUnits) return []
  const notes: string[] = []
  const unseen = arms.filter(arm => arm.units === 0).map(({ arm }) => arm)
  if (unseen.length > 0)
    notes.push(
      `No mature unit yet in ${listed(unseen)}: what is said of ${unseen.length === 1 ? 'it' : 'them'} rests on pseudo-observations.`,
    )
  if (metric.type === 'continuous' && arms.every(arm => arm.posterior === null)) {
    notes.push(
      'There are too few units, or all outcomes are equal, so the policy has no belief yet and treats the arms alike.',
    )
  }
  const unbounded = arms.filter(
    ({ lift }) => lift?.relative != null && (lift.relative.estimate === null || lift.relative.upper === null),
  )
  if (unbounded.length > 0) {
    const names = listed(unbounded.map(({ arm }) => arm))
    notes.push(`The relative lift of ${names} has no upper bound yet, because the control's mean may still be 0.`)
  }
  return notes
}

function delayNotes({ metric }: Findings, { cells }: StoredLedger): string[] {
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
