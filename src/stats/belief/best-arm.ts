// Which arm is best, how sure that is, and what choosing each arm would cost: integrals over the
// arms' posteriors, by quadrature and without chance, so the same tallies always give the same
// numbers. This is belief, for steering. It is no evidence: between two identical arms P(best)
// passes 95 % at some look in most runs; a confidence sequence does not.

import type { Goal } from '../goal.ts'
import { NODES } from '../numerics/quadrature.ts'
import { type BeliefGrid, beliefGrid, cumulated, type GridBelief } from './belief-grid.ts'
import { contest } from './contest.ts'
import { type LinkDensity, linkDensity } from './link-density.ts'
import { type Posterior, posteriorMean } from './posterior.ts'
import { quantile } from './quantile.ts'

interface BestArmOptions {
  readonly goal: Goal
  /** The control's place among the posteriors. */
  readonly control?: number
  /** Levels, each in (0, 1): [0.025, 0.975] for a 95 % credible interval. */
  readonly quantiles?: readonly number[]
}

export interface ArmStanding {
  /** In [0, 1]; those of all arms sum to one. */
  readonly probabilityBest: number
  /** In [0, 1]; 1/2 for the control itself, null when no control was named. */
  readonly probabilityBeatsControl: number | null
  /**
   * How far the best mean is expected to be ahead of this arm's, ≥ 0, in the unit of the metric.
   */
  readonly expectedLoss: number
  /** One value for each level of `quantiles`, in the unit of the metric. */
  readonly quantiles: readonly number[]
}

/**
 * Where each arm stands: `P(best) = ∫ f_a ∏_{b≠a} F_b`, `P(beats control) = ∫ f_a F_c`, `loss =
 * E[max_b θ_b] − E[θ_a]` and quantiles; for `decrease`, best means lowest, beats means below, and
 * the loss is `E[θ_a] − E[min_b θ_b]`. A single arm is best, with loss 0.
 *
 * Accuracy, for up to 200 arms of up to 1e9 units, priors down to Beta(0.01, 0.01) and any mixture
 * of spreads: probabilities within 1e-9 (seen: 6e-13, at 1e9 units) and their sum within 1e-12 of
 * one, losses and quantiles within `1e-9 · max(1, |y|)`; checked against 34-digit values of the
 * golden best-arm cases. The complement of a P(best) near one is the sum of the others, which keeps
 * its digits.
 *
 * @throws RangeError when there is no posterior, one is invalid, they are not all of one family,
 * `control` names none of them, or a level is not in (0, 1).
 */
export function bestArm(posteriors: readonly Posterior[], options: BestArmOptions): ArmStanding[] {
  const { goal, control, quantiles = [] } = options
  const densities = comparable(posteriors)
  const controlDensity = control === undefined ? null : densities[control]
  if (controlDensity === undefined) {
    throw new RangeError(`Cannot compare with control ${control}: there are ${posteriors.length} posteriors`)
  }
  const { chances, losses } = compete(posteriors, densities, goal)
  return densities.map((density, arm) => {
    // Panels for this arm and the control alone: no other arm affects what follows.
    const grid = beliefGrid(controlDensity === null ? [density] : [density, controlDensity])
    return {
      probabilityBest: chances[arm] as number,
      probabilityBeatsControl: control === undefined ? null : arm === control ? 0.5 : probabilityBeats(grid, goal),
      expectedLoss: losses[arm] as number,
      quantiles: quantiles.map(level => quantile(density, grid, level)),
    }
  })
}

/**
 * P(best) alone, for the policy: the same numbers as from `bestArm`, without the price of the rest.
 *
 * @throws RangeError when there is no posterior, one is invalid, or they are not all of one family.
 */
export function probabilityBest(posteriors: readonly Posterior[], goal: Goal): number[] {
  return compete(posteriors, comparable(posteriors), goal).chances
}

function comparable(posteriors: readonly Posterior[]): LinkDensity[] {
  const [one] = posteriors
  if (one === undefined) throw new RangeError('Cannot compare arms: there are no posteriors')
  const other = posteriors.find(({ family }) => family !== one.family)
  if (other !== undefined) throw new RangeError(`Cannot compare a ${one.family} posterior with a ${other.family} one`)
  return posteriors.map(linkDensity)
}

/**
 * The contest among the arms that overlap the leader. The others have no chance, and lose what it
 * loses and the way to it.
 */
function compete(posteriors: readonly Posterior[], densities: readonly LinkDensity[], goal: Goal) {
  const leader = leaderOf(densities, goal)
  const { from, to } = densities[leader] as LinkDensity
  const hopeful = densities.flatMap((one, arm) => ((goal === 'increase' ? one.to > from : one.from < to) ? [arm] : []))
  const outcome = contest(
    hopeful.map(arm => densities[arm] as LinkDensity),
    goal,
  )
  const means = posteriors.map(posteriorMean)
  const sign = goal === 'increase' ? 1 : -1
  const best = (means[leader] as number) + sign * (outcome.losses[hopeful.indexOf(leader)] as number)
  const chances = means.map(() => 0)
  const losses = means.map(mean => Math.abs(best - mean))
  hopeful.forEach((arm, place) => {
    chances[arm] = outcome.chances[place] as number
    losses[arm] = outcome.losses[place] as number
  })
  return { chances, losses }
}

/**
 * The arm that no other arm is surely better than: its support begins (for `decrease`, ends) last
 * on the way to the better side.
 */
function leaderOf(densities: readonly LinkDensity[], goal: Goal): number {
  const heads = densities.map(({ from, to }) => (goal === 'increase' ? from : -to))
  return heads.indexOf(Math.max(...heads))
}

/** ∫ f F_c for the first belief on the grid and the second one's F_c. */
function probabilityBeats(grid: BeliefGrid, goal: Goal): number {
  const [belief, control] = grid.beliefs as [GridBelief, GridBelief]
  const { below, above } = cumulated(control)
  const beaten = goal === 'increase' ? below : above
  let sum = 0
  for (let k = 0, c = NODES * (belief.first - control.first); k < belief.mass.length; k++, c++) {
    const beyond = c < 0 === (goal === 'increase') ? 0 : 1
    sum += (belief.mass[k] as number) * (c >= 0 && c < beaten.length ? (beaten[c] as number) : beyond)
  }
  // The masses sum to one but for the last bits.
  return Math.min(1, sum)
}
