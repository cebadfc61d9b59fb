// A confidence sequence that does not need the variance of a unit's score: the mean of normal
// mixtures tuned to variances that lie factors of 16 apart. It is nearly as narrow as the one tuned
// in hindsight, where a single normal mixture tuned to a wrong variance is several times as wide. A
// mean of e-values is one (Vovk & Wang 2021, Ann. Statist. 49); mixtures over geometrically spaced
// parameters: Howard et al. 2021, Ann. Statist. 49, and Howard & Ramdas 2022, Bernoulli 28. Widths
// over hindsight: docs/theory/validity.md. Against 50 digits: ln e and bound 1e-9
// (tests/golden/trust.json).

import { logOfMean } from '../numerics/log-of-mean.ts'
import {
  bound,
  type Estimate,
  type Evidence,
  estimateAround,
  evidenceOf,
  logEValue,
  tuneSequence,
} from './confidence-sequence.ts'
import type { Score } from './score-sum.ts'

/** `alpha` in (0, 0.5]; `rhoSquared`: at least one, each > 0, in units of 1/variance. */
export interface MixtureTuning {
  readonly alpha: number
  readonly rhoSquared: readonly number[]
}

/**
 * About which variance a unit's score has, and how far off that may be: one mixture part for each
 * exponent.
 */
export interface Spread {
  readonly unitVariance: number
  readonly exponents: readonly number[]
}

/**
 * `ρ_j² = c(α)/(n* v) · 16^j`, with `c(α) = −2 ln α + ln(1 − 2 ln α)`.
 *
 * @throws RangeError for alpha outside (0, 0.5] or plannedUnits or unitVariance not above 0.
 */
export function tuneMixture(alpha: number, plannedUnits: number, spread: Spread): MixtureTuning {
  const { rhoSquared } = tuneSequence(alpha, plannedUnits, spread.unitVariance)
  return { alpha, rhoSquared: spread.exponents.map(exponent => rhoSquared * 16 ** exponent) }
}

/**
 * `ln e = ln mean_j exp( M²/(2(V + 1/ρ_j²)) − ½ ln(1 + ρ_j² V) )`: against a martingale of variance
 * V at M.
 */
export function mixtureLogEValue(martingale: number, variance: number, { rhoSquared }: MixtureTuning): number {
  return logOfMean(rhoSquared.map(each => logEValue(martingale, variance, each)))
}

const MOST_STEPS = 100

/**
 * The |M| at which e reaches 1/α. e grows with |M|; it is at most its largest part and at least a
 * k-th of each of its k parts, so the bound lies between the least of the parts' bounds at α and
 * the least of those at α/k.
 */
export function mixtureBound(variance: number, tuning: MixtureTuning): number {
  const { alpha, rhoSquared } = tuning
  const leastAt = (level: number) =>
    Math.min(...rhoSquared.map(each => bound(variance, { alpha: level, rhoSquared: each })))
  let [low, high] = [leastAt(alpha), leastAt(alpha / rhoSquared.length)]
  for (let step = 0; step < MOST_STEPS; step++) {
    const middle = (low + high) / 2
    if (!(middle > low && middle < high)) break
    if (mixtureLogEValue(middle, variance, tuning) < -Math.log(alpha)) low = middle
    else high = middle
  }
  return high
}

/** `θ̂ ± B(V)/H`, and the evidence against θ = 0. */
export function mixtureEstimateOf(score: Score, tuning: MixtureTuning): Estimate & Evidence {
  const { estimate, weight, variance } = score
  return {
    ...estimateAround(score, tuning.alpha, mixtureBound(variance, tuning)),
    ...evidenceOf(mixtureLogEValue(weight * estimate, variance, tuning)),
  }
}
