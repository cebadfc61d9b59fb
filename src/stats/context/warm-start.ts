// What an earlier experiment lends to a policy that begins. Only the policy starts warm:
// predictions, intervals and verdicts begin at zero, so a wrong start costs reward and never truth.
// context.md H.
import type { BetaPosterior } from '../belief/posterior.ts'
import type { Tally } from '../tally.ts'
import { addTo } from './effective-moments.ts'
import type { ArmMoments } from './moments.ts'

export interface WarmStart {
  /** In (0, 1]: how much a unit of the earlier experiment counts. */
  readonly weight: number
  /** At most so many effective units an arm are lent. */
  readonly cap: number
}

/** `f = min(weight, cap/N)`, by which the effective statistics of an arm are multiplied. */
export function lentShare(effectiveUnits: number, { weight, cap }: WarmStart): number {
  return effectiveUnits === 0 ? 0 : Math.min(weight, cap / effectiveUnits)
}

/**
 * The effective moments of an arm with those of the same arm of the earlier experiment (null: there
 * was none) added, as if its units had been seen.
 */
export function lendMoments(now: ArmMoments, earlier: ArmMoments | null, start: WarmStart): ArmMoments {
  if (earlier === null) return now
  const sums = { xx: now.xx.slice(), xy: now.xy.slice(), yy: now.yy }
  addTo(sums, earlier, lentShare(earlier.xx[0] as number, start))
  return sums
}

/** The prior of an arm of a binary metric without context: `Beta(1 + f S, 1 + f(N − S))`. */
export function lentPrior({ units, sum }: Tally, start: WarmStart): BetaPosterior {
  const share = lentShare(units, start)
  return { family: 'beta', alpha: 1 + share * sum, beta: 1 + share * (units - sum) }
}
