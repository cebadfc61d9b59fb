// What to do, read off the very intervals that are shown, so that advice and numbers cannot
// disagree.

import { counted, joined, listed, namesAre } from '../wording.ts'
import { clippingDoubts } from './clipping.ts'
import { missingRewardsTexts } from './missing-rewards.ts'
import { formatCount, formatInstant, formatShare } from './numbers.ts'
import { harmClause, liftClause, openClause, pairClause, shippingClause, whyStopped, whyWait } from './reasons.ts'
import type { Action, ArmReport, Recommendation, ReportData } from './report-data.ts'

/**
 * From this P(best) on an arm is shipped that has not beaten the other arms that are better than
 * the control.
 */
const SURE_BELIEF = 0.95

/**
 * Of an arm's own excess of units: as strong as the evidence of all arms together that sets off the
 * alarm.
 */
const ALARMING_LOG_E = Math.log(1_000)

/** The first rule that applies. Null for a metric that decides nothing. */
export function recommend(reportData: ReportData): Recommendation | null {
  if (reportData.metric.role !== 'primary') return null
  return (
    notStarted(reportData) ??
    stopped(reportData) ??
    investigate(reportData) ??
    retireHarmful(reportData) ??
    inTime(reportData, safelyShipOrChoose(reportData) ?? keepControl(reportData) ?? retireWorse(reportData)) ??
    advise('continue', [], whyWait(reportData))
  )
}

function notStarted({ status, control }: ReportData): Recommendation | null {
  if (status !== 'draft') return null
  return advise('continue', [], `The experiment is not started: every unit gets ${control}, and nothing is kept.`)
}

function stopped(reportData: ReportData): Recommendation | null {
  const { status, winner } = reportData
  if (status !== 'stopped') return null
  return advise('stopped', winner === null ? [] : [winner], whyStopped(reportData))
}

function investigate({ arms, sampleRatio, clippings, missing, metric, silence }: ReportData): Recommendation | null {
  const reasons = [
    ...clippingDoubts(clippings),
    ...missingRewardsTexts(missing.filter(({ metric: { role } }) => role === 'primary')),
  ]
  if (sampleRatio.status === 'alarm') {
    const off = arms.filter((_, arm) => (sampleRatio.logEValues[arm] ?? 0) >= ALARMING_LOG_E).map(({ arm }) => arm)
    const most = off.length === 0 ? '' : ` (most of all ${listed(off)})`
    reasons.unshift(
      `The arms did not get the units that their propensities promised${most}: find the cause before you trust any number here.`,
    )
  }
  if (silence !== null) {
    const missing = Math.round(silence.missingRewards)
    const question =
      missing === 0 ? 'are they sent?' : `at the rate before there would be about ${formatCount(missing)}.`
    reasons.push(
      `No reward of ${metric.key} has come since ${formatInstant(silence.since)}, while ${counted(silence.units, 'unit')} came: ${question}`,
    )
  }
  return reasons.length === 0 ? null : advise('investigate', [], reasons.join(' '))
}

function retireHarmful({ arms, guardrails }: ReportData): Recommendation | null {
  const active = new Set(arms.filter(isRival).map(({ arm }) => arm))
  const harms = guardrails.filter(({ arm, verdict }) => verdict === 'harmed' && active.has(arm))
  if (harms.length === 0) return null
  return advise('retire', [...new Set(harms.map(({ arm }) => arm))], joined(harms.map(harmClause)))
}

/** A decision that is due only when the shortest duration is over. */
function inTime({ minDuration, generatedAt }: ReportData, decision: Recommendation | null): Recommendation | null {
  if (decision === null || decision.action === 'continue' || decision.action === 'investigate') return decision
  if (minDuration === null || generatedAt >= minDuration.until) return decision
  const until = `The experiment runs for at least ${minDuration.text}, until ${formatInstant(minDuration.until)}, and nothing is decided before.`
  return advise('continue', [], `${until} ${decision.why}`)
}

/**
 * A guardrail may look safe because its rewards are not sent. Harm in other arms is no doubt: it is
 * told before.
 */
function safelyShipOrChoose(reportData: ReportData): Recommendation | null {
  const decision = shipOrChoose(reportData)
  if (decision === null || decision.action === 'continue') return decision
  const unheard = reportData.missing.filter(
    ({ metric, arm }) => metric.role !== 'primary' && decision.arms.includes(arm),
  )
  return unheard.length === 0 ? decision : advise('investigate', [], missingRewardsTexts(unheard).join(' '))
}

function shipOrChoose(reportData: ReportData): Recommendation | null {
  const { arms, guardrails, control } = reportData
  const better = arms.filter(arm => isRival(arm) && arm.lift?.verdict === 'better')
  if (better.length === 0) return null
  const isBetter = (key: string) => better.some(({ arm }) => arm === key)
  const open = guardrails.filter(({ arm, verdict }) => verdict === 'undecided' && isBetter(arm))
  const best = bestOf(better, reportData)
  if (best !== null && open.every(({ arm }) => arm !== best.arm)) {
    return advise('ship', [best.arm], whyShip(reportData, best, better))
  }
  const keys = better.map(({ arm }) => arm)
  if (open.length > 0) {
    const why = `${namesAre(keys)} better than ${control}, but ${joined(open.map(openClause))}`
    const worse = arms.filter(arm => isRival(arm) && arm.lift?.verdict === 'worse').map(({ arm }) => arm)
    return advise('continue', [], worse.length === 0 ? why : `${why} ${namesAre(worse)} worse than ${control}.`)
  }
  const beliefs = better.map(({ arm, probabilityBest }) => `${arm} ${formatShare(probabilityBest)}`)
  const why = `${namesAre(keys)} better than ${control}; which of them is best is open (P(best): ${listed(beliefs)}).`
  return advise('choose', keys, why)
}

/**
 * The only better arm; else the one that beats the others; else the one that is believed to be
 * best, since all are proven.
 */
function bestOf(better: readonly ArmReport[], reportData: ReportData): ArmReport | null {
  if (better.length === 1) return better[0] ?? null
  return (
    better.find(({ arm }) => better.every(other => other.arm === arm || beats(reportData, arm, other.arm))) ??
    better.find(({ probabilityBest }) => (probabilityBest ?? 0) >= SURE_BELIEF) ??
    null
  )
}

function beats({ pairs }: ReportData, arm: string, other: string): boolean {
  return pairs.some(pair => pair.arm === arm && pair.over === other && pair.verdict === 'better')
}

function whyShip(reportData: ReportData, best: ArmReport, better: readonly ArmReport[]): string {
  const others = better.filter(arm => arm !== best).map(({ arm }) => arm)
  const why = shippingClause(reportData, best) + rivalClause(reportData, best)
  if (others.length === 0) return `${why}.`
  const too = `${why}; ${namesAre(others)} better than ${reportData.control} too`
  const isBeaten = others.every(other => beats(reportData, best.arm, other))
  if (!isBeaten) return `${too}, and P(best) of ${best.arm} is ${formatShare(best.probabilityBest)}.`
  const pairs = reportData.pairs.filter(({ arm, over }) => arm === best.arm && others.includes(over))
  return `${too}, and ${best.arm} beats ${joined(pairs.map(pair => pairClause(reportData, pair)))}`
}

/** An arm that has not beaten the control may still be believed to be the best one. */
function rivalClause({ arms }: ReportData, best: ArmReport): string {
  const rivals = arms.filter(arm => isRival(arm) && arm.lift?.verdict === 'undecided')
  const [rival] = rivals.toSorted((one, other) => (other.probabilityBest ?? 0) - (one.probabilityBest ?? 0))
  if (rival === undefined || (rival.probabilityBest ?? 0) <= (best.probabilityBest ?? 0)) return ''
  const beliefs = `P(best) ${formatShare(rival.probabilityBest)} beside ${formatShare(best.probabilityBest)}`
  return `; ${rival.arm} may be better still (${beliefs}), but is not proven`
}

function keepControl({ arms, control }: ReportData): Recommendation | null {
  const rivals = arms.filter(isRival)
  if (rivals.length === 0 || rivals.some(({ lift }) => lift?.verdict !== 'worse')) return null
  const isRetired = arms.some(({ isControl, status }) => isControl && status === 'retired')
  const remedy = isRetired
    ? ` ${control} is retired and gets no new units: stop the experiment with ${control} as the winner.`
    : ''
  return advise('keep', [control], `${namesAre(rivals.map(({ arm }) => arm))} worse than ${control}.${remedy}`)
}

function retireWorse(reportData: ReportData): Recommendation | null {
  const worse = reportData.arms.filter(arm => isRival(arm) && arm.lift?.verdict === 'worse')
  if (worse.length === 0) return null
  const keys = worse.map(({ arm }) => arm)
  const clauses = worse.map(arm => liftClause(reportData, arm))
  return advise('retire', keys, `${joined(clauses)} Whether another arm is better is open.`)
}

function isRival({ isControl, status }: ArmReport): boolean {
  return !isControl && status === 'active'
}

function advise(action: Action, arms: readonly string[], why: string): Recommendation {
  return { action, arm: arms.length === 1 ? (arms[0] ?? null) : null, arms, why }
}
