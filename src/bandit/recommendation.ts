// What to do, read off the very intervals that are shown: it can never say otherwise than they do.
import type { Report } from './report.ts'

export interface Recommendation {
  readonly action: 'ship' | 'continue' | 'stop'
  readonly arm: string | null
  /** A plain sentence. */
  readonly why: string
}

type Facts = Omit<Report, 'recommendation' | 'notes'>
type Arm = Facts['arms'][number]

/** The first rule that applies: distrust, harm, a winner, no hope, patience. */
export function recommend(facts: Facts): Recommendation {
  const { arms, control, sampleRatio } = facts
  if (sampleRatio.status === 'alarm') {
    const why =
      'The arms did not get the units that their propensities promised; find the cause before you trust any number here.'
    return { action: 'stop', arm: null, why }
  }
  const harmed = new Map(
    facts.guardrails.filter(({ verdict }) => verdict === 'harmed').map(finding => [finding.arm, finding]),
  )
  const better = arms.filter(arm => arm.lift?.verdict === 'better')
  const winner = bestOf(
    better.filter(arm => !harmed.has(arm.arm)),
    facts,
  )
  if (winner !== null) return { action: 'ship', arm: winner.arm, why: whyShip(winner, better, facts) }
  const [suffering] = harmed.values()
  if (suffering !== undefined) {
    const why = `${suffering.arm} harms ${suffering.metric} beyond its margin of ${suffering.margin}; retire it.`
    return { action: 'stop', arm: suffering.arm, why }
  }
  const rivals = arms.filter(arm => !arm.isControl && arm.status === 'active')
  if (rivals.length > 0 && rivals.every(arm => arm.lift?.verdict === 'worse')) {
    return { action: 'stop', arm: control, why: `Every other arm is worse than ${control}; keep ${control}.` }
  }
  return { action: 'continue', arm: null, why: whyContinue(facts, rivals) }
}

function bestOf(better: readonly Arm[], { metric }: Facts): Arm | null {
  const sign = metric.goal === 'increase' ? 1 : -1
  const gain = (arm: Arm) => sign * (arm.lift?.estimate ?? Number.NEGATIVE_INFINITY)
  return better.reduce<Arm | null>((best, arm) => (best === null || gain(arm) > gain(best) ? arm : best), null)
}

function whyShip(winner: Arm, better: readonly Arm[], { control, metric, alpha }: Facts): string {
  const side = metric.goal === 'increase' ? 'above' : 'below'
  const sure = `${Number(((1 - alpha) * 100).toPrecision(6))} %`
  const others = better.filter(arm => arm !== winner).map(arm => arm.arm)
  const also =
    others.length === 0 ? '' : `; ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} better than ${control} too`
  return `The whole interval of ${winner.arm}'s lift in ${metric.key} lies ${side} 0, with ${sure} confidence at every look${also}.`
}

function whyContinue({ units, metric, immatureUnits }: Facts, rivals: readonly Arm[]): string {
  if (units === 0) return 'No unit has been assigned yet.'
  if (immatureUnits === units)
    return `All ${units} units are still within the window of ${metric.window} in which rewards count.`
  const open = rivals.filter(arm => arm.lift?.verdict !== 'worse').map(arm => arm.arm)
  const whose =
    open.length === 1
      ? `The interval of ${open[0]}'s lift`
      : 'No interval of a lift lies on the good side of 0; each that is open'
  return open.length === 1
    ? `${whose} in ${metric.key} still contains 0: it may be better or worse.`
    : `No arm is better than the control beyond doubt yet: the intervals of ${open.join(', ')} still contain 0.`
}
