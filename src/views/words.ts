// What the text and the page both say: the same sentences for the same facts. A confidence sequence
// is named one wherever it stands, and so is a credible interval. What they say of lifts is
// comparison.ts's.

import {
  liftNotation,
  type Notation,
  type Span,
  spanOf,
  UNKNOWN,
  writeRange,
  writeWithUnit,
} from '../bandit/report/notation.ts'
import { formatCount, formatEValue, formatInstant, formatLevel, formatPValue } from '../bandit/report/numbers.ts'
import { isProven } from '../bandit/report/reasons.ts'
import type { Action, ArmReport, Report } from '../bandit/report/report-data.ts'
import { listed, roughly } from '../bandit/wording.ts'

export const BELIEF_LEGEND =
  'P(best) and loss steer the policy: they assume constant rates and are no evidence; the lifts are.'
export const MEANS_LEGEND =
  'The estimate is the mean corrected for shares that moved; its interval is valid at every look.'

/** Of `posterior`: the report's belief is always at this level, whatever alpha. */
export const CREDIBLE_LEVEL = '95 %'

/** What to do, in a word or two, and why; on a metric that decides nothing, that it does not. */
export interface Advice {
  readonly kind: Action | 'none'
  /** `Ship`, `Not started`; empty where there is no advice. */
  readonly action: string
  /** Goes on with what the action is about: ` mens`, `: mens won`; may be empty. */
  readonly about: string
  readonly why: string
}

export function adviceOf(report: Report): Advice {
  const { recommendation, metric } = report
  if (recommendation === null) {
    const why = `${metric.key} is a ${metric.role} metric: it informs, while the recommendation rests on the primary one.`
    return { kind: 'none', action: '', about: '', why }
  }
  const { action, arms, why } = recommendation
  return { kind: action, ...HEADS[action](report, arms), why }
}

type Head = Pick<Advice, 'action' | 'about'>

const HEADS = {
  ship: (_, arms) => ({ action: 'Ship', about: ` ${listed(arms)}` }),
  choose: (_, arms) => ({ action: 'Choose', about: ` one of ${listed(arms)}` }),
  retire: (_, arms) => ({ action: 'Retire', about: ` ${listed(arms)}` }),
  keep: (_, arms) => ({ action: 'Keep', about: ` ${listed(arms)}` }),
  continue: ({ status }) => ({
    action: status === 'draft' ? 'Not started' : status === 'paused' ? 'Paused' : 'Continue',
    about: '',
  }),
  investigate: () => ({ action: 'Investigate', about: '' }),
  stopped: report => {
    const { winner } = report
    if (winner === null) return { action: 'Stopped', about: ' without a winner' }
    return { action: 'Stopped', about: `: ${winner} ${isProven(report) ? 'won' : 'was chosen'}` }
  },
} as const satisfies Record<Action, (report: Report, arms: readonly string[]) => Head>

/** The advice in a few words: `Ship mens`; empty on a metric that decides nothing. */
export function headlineOf(report: Report): string {
  const { action, about } = adviceOf(report)
  return action + about
}

export const TOO_EARLY = 'too early'

/** What may be shown of the mean of an arm; nothing while it is too early. */
export function shownMean({ estimate }: ArmReport): Span {
  return estimate.sufficientUnits === null ? spanOf(estimate) : UNKNOWN
}

/** `18.3 %`, or that it is too early. */
export function writeMean({ estimate }: ArmReport, notation: Notation): string {
  return estimate.sufficientUnits === null ? writeWithUnit(notation, estimate.mean) : TOO_EARLY
}

/** What `too early` means, where an arm's mean says so. */
export function tooEarlyLegend({ arms }: Report): string[] {
  const needed = arms.flatMap(({ estimate }) => estimate.sufficientUnits ?? [])
  if (needed.length === 0) return []
  return [
    `Too early: the interval covers the whole range of the metric; usually about ${roughly(Math.max(...needed))} units suffice.`,
  ]
}

/** Units outside the range of the metric; empty where there are none. */
export function writeClipped({ clippedUnits: { above, below } }: ArmReport): string {
  return above + below === 0 ? '' : formatCount(above + below)
}

/** How many units of each arm are outside of the range, where any are. */
export function clippedLegend({ arms, metric: { range } }: Report): string[] {
  const clipped = arms.flatMap(arm => {
    const count = writeClipped(arm)
    return count === '' ? [] : [`${arm.arm} ${count}`]
  })
  if (clipped.length === 0) return []
  return [`Units clipped to the range [${range[0]}, ${range[1]}]: ${listed(clipped)}.`]
}

/** What sets an arm apart: `control`, `retired`; mostly nothing. */
export function roleOf({ isControl, status }: ArmReport): string {
  return [...(isControl ? ['control'] : []), ...(status === 'retired' ? ['retired'] : [])].join(', ')
}

/** What the metric is: `binary, primary, higher is better, window 14d`. */
export function describeMetric({ metric }: Report): string {
  const window = metric.window === null ? 'no window' : `window ${metric.window}`
  return [metric.type, metric.role, `${metric.goal === 'increase' ? 'higher' : 'lower'} is better`, window].join(', ')
}

/** How many units there are: `64,000 in 212 snapshots, 120 still within the window of 14d`. */
export function describeUnits({ units, immatureUnits, snapshots, metric }: Report): string {
  if (units === 0) return 'none yet'
  const all = `${formatCount(units)} in ${formatCount(snapshots)} snapshot${snapshots === 1 ? '' : 's'}`
  const window = metric.window === null ? 'their window' : `the window of ${metric.window}`
  return immatureUnits === 0 ? all : `${all}, ${formatCount(immatureUnits)} still within ${window}`
}

export function describeStatus({ status, version, winner }: Report): string {
  return [status, ...(winner === null ? [] : [`winner ${winner}`]), `version ${version}`].join(' · ')
}

export function describeTimes({ startedAt, generatedAt }: Report): string {
  const begun = startedAt === null ? 'not started' : `started ${formatInstant(startedAt)}`
  return `${begun} · reported ${formatInstant(generatedAt)}`
}

/** What the policy as a whole earned. */
export function policyText({ policyLift, metric, control }: Report): string {
  const reach = metric.range[1] - metric.range[0]
  const { estimate, lower, upper, from, units, level, pValue } = policyLift
  const saysNothing = lower === null || upper === null || (lower <= -reach && upper >= reach)
  if (estimate === null || from === null || saysNothing)
    return `It is too early to say what the policy changed, compared with giving everyone ${control}.`
  const notation = liftNotation(metric, [policyLift])
  const since = `over the ${formatCount(units)} units since snapshot ${from}`
  const change = `the policy changed ${metric.key} by ${writeWithUnit(notation, estimate)} per unit ${since}`
  const proof = `${formatLevel(level)} confidence sequence ${writeRange(notation, policyLift)}`
  return `Compared with giving everyone ${control}, ${change}; ${proof}, always-valid p ${equals(formatPValue(pValue))}.`
}

export function sampleRatioText({ sampleRatio, units }: Report): string {
  if (units === 0) return 'No units yet, so no shares to check.'
  const proof = `e ${equals(formatEValue(sampleRatio.logEValue))}, always-valid p ${equals(formatPValue(sampleRatio.pValue))}`
  return `${RATIO_FINDINGS[sampleRatio.status]} (${proof}).`
}

const RATIO_FINDINGS = {
  ok: 'The arms got the shares of units that their propensities promised',
  warning: 'The arms begin to deviate from the shares that their propensities promised',
  alarm: 'The arms did not get the shares that their propensities promised: trust no number here before you know why',
} as const satisfies Record<Report['sampleRatio']['status'], string>

function equals(writing: string): string {
  return /^[<>]/.test(writing) ? writing : `= ${writing}`
}
