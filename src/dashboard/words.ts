// What the text and the page both say: the same sentences for the same facts. A confidence sequence is named one wherever it
// stands, and so is a credible interval. What they say of lifts is comparison.ts's.
import type { ArmReport, Report } from '../bandit/report.ts'
import { liftNotation, writeRange, writeWithUnit } from './notation.ts'
import { formatCount, formatEValue, formatInstant, formatLevel, formatPValue } from './numbers.ts'

export const BELIEF_LEGEND =
  'P(best) and loss steer the policy: they assume constant rates and are no evidence; the lifts are.'
export const MEANS_LEGEND =
  'The estimate is the mean corrected for shares that moved; its interval is valid at every look.'

/** Of `posterior`: the report's belief is always at this level, whatever alpha. */
export const CREDIBLE_LEVEL = '95 %'

/** What to do, in a word or two, and why; on a metric that decides nothing, that it does not. */
export interface Advice {
  readonly kind: 'ship' | 'continue' | 'stop' | 'none'
  /** `Ship`, `Continue`, `Stop`, `Stopped`; empty where there is no advice. */
  readonly action: string
  /** What the action is about: `mens`, `and keep control`; may be empty. */
  readonly what: string
  readonly why: string
}

export function adviceOf({ recommendation, control, status, winner, metric }: Report): Advice {
  if (recommendation === null) {
    const why = `${metric.key} is a ${metric.role} metric: it informs, while the recommendation rests on the primary one.`
    return { kind: 'none', action: '', what: '', why }
  }
  const { action, arm, why } = recommendation
  if (action === 'ship') return { kind: action, action: 'Ship', what: arm ?? '', why }
  if (action === 'continue') return { kind: action, action: 'Continue', what: '', why }
  if (status === 'stopped' && arm === winner) {
    return { kind: action, action: 'Stopped', what: arm === null ? '' : `with ${arm} for everyone`, why }
  }
  return { kind: action, action: 'Stop', what: arm === control ? `and keep ${arm}` : (arm ?? ''), why }
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
export function policySentence({ policyLift, metric, control }: Report): string {
  if (policyLift.estimate === null)
    return `What the policy changed, compared with giving everyone ${control}, is not known yet.`
  const notation = liftNotation(metric, [policyLift])
  const change = `the policy changed ${metric.key} by ${writeWithUnit(notation, policyLift.estimate)} per unit`
  const proof = `${formatLevel(policyLift.level)} confidence sequence ${writeRange(notation, policyLift)}`
  return `Compared with giving everyone ${control}, ${change}; ${proof}, always-valid p ${equals(formatPValue(policyLift.pValue))}.`
}

export function sampleRatioSentence({ sampleRatio, units }: Report): string {
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
