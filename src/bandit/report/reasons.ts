// The sentences that give the reasons of an advice, with the intervals that it rests on.

import { counted, listed, namesAre } from '../wording.ts'
import { liftNotation, writeExactly, writeSpan } from './notation.ts'
import { formatLevel } from './numbers.ts'
import type { ArmReport, GuardrailFinding, PairLift, ReportData } from './report-data.ts'
import { tooEarlyText } from './too-early.ts'

/** Why an arm that is better than the control may be shipped. */
export function shippingClause({ metric, alpha }: ReportData, { arm }: ArmReport): string {
  const side = metric.goal === 'increase' ? 'above' : 'below'
  return `The whole interval of ${arm}'s lift in ${metric.key} lies ${side} 0, with ${formatLevel(1 - alpha)} confidence at every look`
}

/**
 * `b is worse than control: −8.0 … −2.0 pp`; `the interval of the lift of b contains 0: −2.0 … +4.0
 * pp`.
 */
export function liftClause({ metric, control }: ReportData, { arm, lift }: ArmReport): string {
  if (lift === null || lift.estimate === null) return `${arm} has not been compared with ${control}`
  const span = writeSpan(liftNotation(metric, [lift]), lift)
  if (lift.verdict !== 'undecided') return `${arm} is ${lift.verdict} than ${control}: ${span}`
  return lift.sufficientUnits === null
    ? `the interval of the lift of ${arm} contains 0: ${span}`
    : `it was too early to compare ${arm} with ${control}`
}

/** `womens by +1.0 … +3.2 pp`. */
export function pairClause({ metric }: ReportData, { over, lower, upper }: PairLift): string {
  const span = { estimate: null, lower, upper }
  return `${over} by ${writeSpan(liftNotation(metric, [span]), span)}`
}

/** `b harms refund by more than its margin of 1 pp: +3.0 … +7.0 pp`. */
export function harmClause({ metric, arm, margin, lift }: GuardrailFinding): string {
  const beyond = margin === 0 ? '' : ` by more than its margin of ${writeExactly(metric, margin)}`
  return `${arm} harms ${metric.key}${beyond}: ${writeSpan(liftNotation(metric, [lift]), lift)}`
}

/** `guardrail refund of b is undecided: +1.0 … +6.1 pp`. */
export function openClause({ metric, arm, margin, lift, isWithinWindow }: GuardrailFinding): string {
  const open = `guardrail ${metric.key} of ${arm} is undecided`
  if (isWithinWindow) return `${open}: every unit is still within its window of ${metric.window}`
  if (lift.estimate === null) return `${open}: nothing to compare yet`
  if (lift.sufficientUnits !== null) return `${open}: too early`
  const allowed = margin === 0 ? '' : ` (margin ${writeExactly(metric, margin)})`
  return `${open}: ${writeSpan(liftNotation(metric, [lift]), lift)}${allowed}`
}

/**
 * Whether the winner of a stopped experiment was shown to be right; else a person chose it without
 * that. An arm: it is better than the control and harms no guardrail. The control: all others are
 * worse.
 */
export function isProven({ arms, winner, guardrails }: ReportData): boolean {
  const found = arms.find(({ arm }) => arm === winner)
  if (found === undefined) return false
  if (found.isControl) return arms.every(({ isControl, lift }) => isControl || lift?.verdict === 'worse')
  const isHarmful = guardrails.some(({ arm, verdict }) => arm === winner && verdict === 'harmed')
  return found.lift?.verdict === 'better' && !isHarmful
}

export function whyStopped(reportData: ReportData): string {
  const { arms, winner, control, guardrails } = reportData
  if (winner === null) return `Units keep their arms, and new units get ${control}.`
  const everybody = `Every unit gets ${winner}`
  const others = arms.filter(({ isControl }) => !isControl)
  const keysWith = (verdict: string) => others.filter(({ lift }) => lift?.verdict === verdict).map(({ arm }) => arm)
  if (winner === control) {
    const [better, worse] = [keysWith('better'), keysWith('worse')]
    if (isProven(reportData)) return `${everybody}; ${namesAre(worse)} worse.`
    if (better.length > 0) return `${everybody}, although ${namesAre(better)} better.`
    return `${everybody}; no arm was shown to be better.`
  }
  const arm = arms.find(each => each.arm === winner)
  const harms = guardrails.filter(finding => finding.arm === winner && finding.verdict === 'harmed').map(harmClause)
  return `${[everybody, ...(arm === undefined ? [] : [liftClause(reportData, arm)]), ...harms].join('; ')}.`
}

/** Why nothing is to be done yet. */
export function whyWait(reportData: ReportData): string {
  const { status, control } = reportData
  const reason = waitingReason(reportData)
  return status === 'paused' ? `New units get ${control}, and nothing is kept of them. ${reason}` : reason
}

function waitingReason({ units, immatureUnits, metric, arms }: ReportData): string {
  const rivals = arms.filter(({ isControl, status }) => !isControl && status === 'active')
  if (rivals.length === 0) return 'Only the control is active, so there is nothing to compare.'
  if (units === 0) return 'No unit has been assigned yet.'
  if (immatureUnits === units) {
    return `${counted(units, 'unit')} so far, all still within the window of ${metric.window}.`
  }
  const undecided = rivals.filter(({ lift }) => lift?.verdict === 'undecided')
  const needed = undecided.map(({ lift }) => lift?.sufficientUnits ?? 0)
  if (needed.length > 0 && needed.every(count => count > 0)) {
    return tooEarlyText(Math.max(...needed), units - immatureUnits)
  }
  const [only] = undecided
  if (undecided.length === 1) return `The interval of ${only?.arm}'s lift in ${metric.key} still contains 0.`
  return `The intervals of the lifts of ${listed(undecided.map(({ arm }) => arm))} in ${metric.key} still contain 0.`
}
