// What to do, read off the very intervals that are shown: it can never say otherwise than they do.
import type { ArmReport, Findings } from './findings.ts'
import { counted, listed } from './wording.ts'

export interface Recommendation {
  readonly action: 'ship' | 'continue' | 'stop'
  readonly arm: string | null
  /** A plain sentence. */
  readonly why: string
}

/** The first rule that applies: distrust, a winner, harm, no hope, patience. Null for a metric that decides nothing. */
export function recommend(findings: Findings): Recommendation | null {
  if (findings.metric.role !== 'primary') return null
  return distrust(findings) ?? ship(findings) ?? retire(findings) ?? keepControl(findings) ?? wait(findings)
}

function distrust({ sampleRatio }: Findings): Recommendation | null {
  if (sampleRatio.status !== 'alarm') return null
  const why =
    'The arms did not get the units that their propensities promised; find the cause before you trust any number here.'
  return { action: 'stop', arm: null, why }
}

function ship(findings: Findings): Recommendation | null {
  const { arms, guardrails, control, metric, alpha } = findings
  const harmed = new Set(guardrails.filter(({ verdict }) => verdict === 'harmed').map(({ arm }) => arm))
  const better = arms.filter(
    ({ arm, status, lift }) => status === 'active' && lift?.verdict === 'better' && !harmed.has(arm),
  )
  const winner = bestOf(better, findings)
  if (winner === null) return null
  const side = metric.goal === 'increase' ? 'above' : 'below'
  const level = `${Number(((1 - alpha) * 100).toPrecision(6))} %`
  const others = better.filter(arm => arm !== winner).map(({ arm }) => arm)
  const also =
    others.length === 0 ? '' : `; ${listed(others)} ${others.length === 1 ? 'is' : 'are'} better than ${control} too`
  const why = `The whole interval of ${winner.arm}'s lift in ${metric.key} lies ${side} 0, with ${level} confidence at every look${also}.`
  return { action: 'ship', arm: winner.arm, why }
}

function retire({ arms, guardrails }: Findings): Recommendation | null {
  const active = new Set(arms.filter(({ status }) => status === 'active').map(({ arm }) => arm))
  const harmed = guardrails.find(({ arm, verdict }) => verdict === 'harmed' && active.has(arm))
  if (harmed === undefined) return null
  const beyond = harmed.margin === 0 ? '' : ' by more than its margin'
  return { action: 'stop', arm: harmed.arm, why: `${harmed.arm} harms ${harmed.metric.key}${beyond}; retire it.` }
}

function keepControl({ arms, control }: Findings): Recommendation | null {
  const rivals = rivalsOf(arms)
  if (rivals.length === 0 || rivals.some(({ lift }) => lift?.verdict !== 'worse')) return null
  return {
    action: 'stop',
    arm: control,
    why: `${listed(rivals.map(({ arm }) => arm))} ${rivals.length === 1 ? 'is' : 'are'} worse than ${control}; keep ${control}.`,
  }
}

function wait(findings: Findings): Recommendation {
  const { status, winner } = findings
  if (status === 'stopped') {
    return {
      action: 'stop',
      arm: winner,
      why: 'The experiment is stopped, and no arm was shown to be better than the control.',
    }
  }
  return { action: 'continue', arm: null, why: whyWait(findings) }
}

function whyWait({ status, units, immatureUnits, metric, arms }: Findings): string {
  if (status === 'draft') return 'It has not been started: everybody gets the control, and nothing is kept.'
  const rivals = rivalsOf(arms)
  if (rivals.length === 0) return 'Only the control is active, so there is nothing to compare.'
  if (units === 0) return 'No unit has been assigned yet.'
  if (immatureUnits === units)
    return `${counted(units, 'unit')} so far, all still within the window of ${metric.window}.`
  const undecided = rivals.filter(({ lift }) => lift?.verdict === 'undecided')
  const [only] = undecided
  if (undecided.length === 1) return `The interval of ${only?.arm}'s lift in ${metric.key} still contains 0.`
  return `The intervals of the lifts of ${listed(undecided.map(({ arm }) => arm))} in ${metric.key} still contain 0.`
}

function rivalsOf(arms: readonly ArmReport[]): ArmReport[] {
  return arms.filter(({ isControl, status }) => !isControl && status === 'active')
}

function bestOf(better: readonly ArmReport[], { metric }: Findings): ArmReport | null {
  const sign = metric.goal === 'increase' ? 1 : -1
  const gain = (arm: ArmReport) => sign * (arm.lift?.estimate ?? Number.NEGATIVE_INFINITY)
  return better.reduce<ArmReport | null>((best, arm) => (best === null || gain(arm) > gain(best) ? arm : best), null)
}
