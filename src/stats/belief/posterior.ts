// What is believed of each arm's mean after its tally: a Beta for a binary metric, a Normal for a
// continuous one. Beliefs steer the policy and decorate the report; they assume that rates stand
// still and are no evidence against anything.
import type { Tally } from '../tally.ts'

/** A belief about a rate in (0, 1). Both counts are above 0: the prior's plus what was seen. */
export interface BetaPosterior {
  readonly family: 'beta'
  readonly alpha: number
  readonly beta: number
}

/**
 * A belief about a mean, in the unit of the metric; `variance` (of the belief, not of the outcomes)
 * is above 0.
 */
export interface NormalPosterior {
  readonly family: 'normal'
  readonly mean: number
  readonly variance: number
}

export type Posterior = BetaPosterior | NormalPosterior

/**
 * Pseudo-counts of successes and failures, both above 0. Beta(1, 1), every rate alike, unless
 * configured.
 */
interface BetaPrior {
  readonly alpha: number
  readonly beta: number
}

const FLAT_PRIOR: BetaPrior = Object.freeze({ alpha: 1, beta: 1 })

/**
 * Beta(α₀ + S, β₀ + N − S), for 0/1 outcomes.
 *
 * @throws RangeError when the prior is not positive and finite, or the tally is not one of 0/1
 * outcomes (0 ≤ S ≤ N).
 */
export function betaPosterior(tally: Tally, prior: BetaPrior = FLAT_PRIOR): BetaPosterior {
  const { units, sum } = tally
  if (!(prior.alpha > 0 && prior.beta > 0 && Number.isFinite(prior.alpha + prior.beta))) {
    throw new RangeError(
      `Cannot start from the prior Beta(${prior.alpha}, ${prior.beta}): both must be positive, finite`,
    )
  }
  if (!(sum >= 0 && sum <= units && Number.isFinite(units))) {
    throw new RangeError(`Cannot read ${units} units with sum ${sum} as outcomes of 0 and 1`)
  }
  return { family: 'beta', alpha: prior.alpha + sum, beta: prior.beta + (units - sum) }
}

/**
 * One posterior an arm, or why there are none yet: then every arm is as likely the best as any
 * other, and losses are unknown.
 */
type NormalPosteriors =
  | { readonly known: true; readonly posteriors: readonly NormalPosterior[] }
  | { readonly known: false; readonly reason: 'too few units' | 'no variance' }

// One unit's worth of the overall mean, and ten units' worth of the overall variance, are lent to
// every arm.
const PRIOR_UNITS_OF_MEAN = 1
const PRIOR_UNITS_OF_VARIANCE = 10

// A variance below this share of the mean square is rounding noise of outcomes that are all the
// same.
const ROUNDING_NOISE = 1e-12

/**
 * Empirical-Bayes Normal posteriors of the arms' means, from the tallies of all arms (retired ones
 * included: they too show the metric's level and spread), in their order: `m̄ = ΣS/ΣN`, `W_a =
 * max(0, Q_a − S_a²/N_a)`, `s̄² = ΣW/ΣN`, `mean = (S_a + m̄)/(N_a + 1)`, `variance = (W_a + 10
 * s̄²)/(N_a + 10)/(N_a + 1)`. The prior has no scale of its own, so cents and dollars lead to the
 * same policy. `too few units`: fewer than two in all; `no variance`: s̄² is rounding noise (≤
 * 1e-12 of the mean square), as when every outcome is the same.
 *
 * @throws RangeError when a tally is not finite or has negative units.
 */
export function normalPosteriors(tallies: readonly Tally[]): NormalPosteriors {
  let units = 0
  let sum = 0
  let sumOfSquares = 0
  let spread = 0
  for (const tally of tallies) {
    const total = tally.units + tally.sum + tally.sumOfSquares
    if (!(tally.units >= 0 && Number.isFinite(total))) {
      throw new RangeError(`Cannot learn from the tally ${JSON.stringify(tally)}: it needs units >= 0 and finite sums`)
    }
    units += tally.units
    sum += tally.sum
    sumOfSquares += tally.sumOfSquares
    spread += sumOfSquaredDeviations(tally)
  }
  if (units < 2) return { known: false, reason: 'too few units' }
  // A sum of squares that corrections have taken back to nothing may have been rounded below 0.
  if (!(spread > ROUNDING_NOISE * Math.max(0, sumOfSquares))) return { known: false, reason: 'no variance' }

  const lentMean = PRIOR_UNITS_OF_MEAN * (sum / units)
  const lentSpread = PRIOR_UNITS_OF_VARIANCE * (spread / units)
  const posteriors = tallies.map((tally): NormalPosterior => {
    const ofOutcomes = (sumOfSquaredDeviations(tally) + lentSpread) / (tally.units + PRIOR_UNITS_OF_VARIANCE)
    const n = tally.units + PRIOR_UNITS_OF_MEAN
    return { family: 'normal', mean: (tally.sum + lentMean) / n, variance: ofOutcomes / n }
  })
  return { known: true, posteriors }
}

/** E[θ]: α/(α + β), or the Normal's mean. */
export function posteriorMean(posterior: Posterior): number {
  return posterior.family === 'beta' ? posterior.alpha / (posterior.alpha + posterior.beta) : posterior.mean
}

function sumOfSquaredDeviations({ units, sum, sumOfSquares }: Tally): number {
  return units === 0 ? 0 : Math.max(0, sumOfSquares - sum ** 2 / units)
}
