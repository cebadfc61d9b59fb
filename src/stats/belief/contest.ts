// The contest of arms for being best: each one's chance, and what choosing it would cost on
// average. One pass over the panels gives both. All integrands are positive, so small chances and
// small losses keep their digits, down to what the cut tails hold (1e-18). It is for arms that
// still overlap; leaving out the hopeless ones is the caller's part.

import type { Goal } from '../goal.ts'
import { NODES, PLACE, WEIGHT } from '../numerics/quadrature.ts'
import { beliefGrid, cumulated, type GridBelief } from './belief-grid.ts'
import type { LinkDensity } from './link-density.ts'

/** In the order of the arms. */
interface Contest {
  /** P(the arm is best); they sum to one. */
  readonly chances: readonly number[]
  /** How far the best mean is expected to be ahead of the arm's, ≥ 0, in the unit of the metric. */
  readonly losses: readonly number[]
}

/**
 * With `worse_a(x) = P(θ_a is worse than x)` and density `f_a`: `chance_a = ∫ f_a ∏_{b≠a} worse_b
 * dx` and `loss_a = ∫ worse_a (1 − ∏_{b≠a} worse_b) dθ(x)`. At least one density, all of one
 * family, with a point that is in every support.
 */
export function contest(densities: readonly LinkDensity[], goal: Goal): Contest {
  const { edges, beliefs } = beliefGrid(densities)
  const entrants = beliefs.map((belief, arm) => entrantOf(arm, belief, goal))
  const chances = new Float64Array(entrants.length)
  const losses = new Float64Array(entrants.length)
  const scratch = new Float64Array(2 * NODES * entrants.length)
  for (let panel = 0; panel < edges.length - 1; panel++) {
    const present = entrants.filter(({ first, end }) => panel >= first && panel < end)
    const absent = entrants.filter(({ first, end }) => panel < first || panel >= end)
    const beaten = absent.filter(({ first }) => panel >= first === (goal === 'increase'))
    const stakes = stakesOn(panel, edges, densities)
    if (beaten.length < absent.length) {
      // Some arm is surely better than anything here: no arm is best here, and an arm that is worse
      // than here loses the whole stake.
      for (const { arm, first, worse } of present) add(losses, arm, product(stakes, worse, NODES * (panel - first)))
      continue
    }
    const stakeOfBeaten = meet(present, panel, stakes, { chances, losses, scratch })
    for (const { arm } of beaten) add(losses, arm, stakeOfBeaten)
  }
  const sum = chances.reduce((total, chance) => total + chance, 0)
  return { chances: Array.from(chances, chance => chance / sum), losses: Array.from(losses) }
}

/** A belief as the goal sees it: P(worse than the node) and P(better than it). */
interface Entrant extends GridBelief {
  readonly arm: number
  readonly worse: Float64Array
  readonly better: Float64Array
}

function entrantOf(arm: number, belief: GridBelief, goal: Goal): Entrant {
  const { below, above } = cumulated(belief)
  return goal === 'increase'
    ? { ...belief, arm, worse: below, better: above }
    : { ...belief, arm, worse: above, better: below }
}

/** dθ at the nodes of a panel: what stands between having the best arm there or not. */
function stakesOn(panel: number, edges: Float64Array, [one]: readonly LinkDensity[]): Float64Array {
  const left = edges[panel] as number
  const width = (edges[panel + 1] as number) - left
  return WEIGHT.map(
    (weight, i) => 0.5 * width * weight * (one as LinkDensity).link.slope(left + width * (PLACE[i] as number)),
  )
}

/**
 * Adds a panel's part to the chances and losses of the arms present on it; returns the loss of an
 * arm that is surely worse. The products over all others are those over the arms before times those
 * over the arms after; `some` = 1 − `none`, without cancellation.
 */
function meet(
  present: readonly Entrant[],
  panel: number,
  stakes: Float64Array,
  { chances, losses, scratch }: { chances: Float64Array; losses: Float64Array; scratch: Float64Array },
): number {
  const none = new Float64Array(NODES).fill(1)
  const some = new Float64Array(NODES)
  present.forEach(({ first, worse, better }, position) => {
    for (let i = 0, n = NODES * (panel - first), k = 2 * NODES * position; i < NODES; i++, n++, k += 2) {
      scratch[k] = none[i] as number
      scratch[k + 1] = some[i] as number
      none[i] = (none[i] as number) * (worse[n] as number)
      some[i] = (some[i] as number) * (worse[n] as number) + (better[n] as number)
    }
  })
  const stakeOfBeaten = product(stakes, some, 0)
  none.fill(1)
  some.fill(0)
  for (const [position, { arm, first, mass, worse, better }] of [...present.entries()].reverse()) {
    let chance = 0
    let loss = 0
    for (let i = 0, n = NODES * (panel - first), k = 2 * NODES * position; i < NODES; i++, n++, k += 2) {
      const noneBefore = scratch[k] as number
      const someBefore = scratch[k + 1] as number
      chance += (mass[n] as number) * noneBefore * (none[i] as number)
      loss += (stakes[i] as number) * (worse[n] as number) * (someBefore + noneBefore * (some[i] as number))
      none[i] = (none[i] as number) * (worse[n] as number)
      some[i] = (some[i] as number) * (worse[n] as number) + (better[n] as number)
    }
    add(chances, arm, chance)
    add(losses, arm, loss)
  }
  return stakeOfBeaten
}

function product(stakes: Float64Array, values: Float64Array, start: number): number {
  let sum = 0
  for (let i = 0; i < NODES; i++) sum += (stakes[i] as number) * (values[start + i] as number)
  return sum
}

function add(sums: Float64Array, arm: number, value: number): void {
  sums[arm] = (sums[arm] as number) + value
}
