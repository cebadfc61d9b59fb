// The assumed law of a unit's outcome on an arm: its mean, and tallies of outcomes drawn from it.
import { drawBinomial, drawGamma, drawNormal } from '../stats/belief/draws.ts'
import type { Goal } from '../stats/goal.ts'
import type { Chance } from '../stats/numerics/chance.ts'
import { normalExpectation } from '../stats/numerics/normal-expectation.ts'
import type { Tally } from '../stats/tally.ts'

/**
 * - `binary`: 1 with probability `rate`, else 0.
 * - `normal`: Normal(`mean`, `sd`²).
 * - `purchases`: with probability `rate` an amount, lognormal with this mean and sd; else nothing.
 *
 * Outcomes are clipped to the metric's range.
 */
export type OutcomeLaw =
  | { readonly kind: 'binary'; readonly rate: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  | { readonly kind: 'purchases'; readonly rate: number; readonly mean: number; readonly sd: number }

/** `rewards`: how many events the service would have counted for these outcomes. */
interface DrawnOutcomes {
  readonly tally: Tally
  readonly rewards: number
}

type Range = readonly [lowest: number, highest: number]

/** The expectation of an outcome, clipped. */
export function meanOutcome(law: OutcomeLaw, range: Range): number {
  const clip = clipTo(range)
  if (law.kind === 'binary') return law.rate
  if (law.kind === 'normal') return isFarFrom(range, law) ? law.mean : clippedNormalMean(law, range)
  return (1 - law.rate) * clip(0) + law.rate * clippedAmountMean(law, range)
}

/** The highest or the lowest, as the metric's goal is. */
export function bestMean(means: readonly number[], goal: Goal): number {
  return goal === 'increase' ? Math.max(...means) : Math.min(...means)
}

/** The outcomes of some units: one draw for all where the law of their tally is known. */
export function drawOutcomes(law: OutcomeLaw, units: number, range: Range, chance: Chance): DrawnOutcomes {
  if (law.kind === 'binary') {
    const successes = drawBinomial(units, law.rate, chance)
    return { tally: { units, sum: successes, sumOfSquares: successes }, rewards: successes }
  }
  if (law.kind === 'normal') {
    const tally = isFarFrom(range, law)
      ? drawNormalTally(law, units, chance)
      : drawEach(units, () => law.mean + law.sd * drawNormal(chance), range)
    return { tally, rewards: units }
  }
  const purchases = drawBinomial(units, law.rate, chance)
  const { mu, sigma } = logarithmOf(law)
  const bought = drawEach(purchases, () => Math.exp(mu + sigma * drawNormal(chance)), range)
  const nothing = clipTo(range)(0)
  return {
    tally: {
      units,
      sum: bought.sum + (units - purchases) * nothing,
      sumOfSquares: bought.sumOfSquares + (units - purchases) * nothing ** 2,
    },
    rewards: purchases,
  }
}

/** The mean number of draws for a unit: 0 where a tally is drawn as a whole. */
export function drawsForUnit(law: OutcomeLaw, range: Range): number {
  if (law.kind === 'purchases') return law.rate
  return law.kind === 'binary' || isFarFrom(range, law) ? 0 : 1
}

/** Further than that out, no outcome in 10¹⁴ needs to be clipped. */
const FAR = 8

function isFarFrom([lowest, highest]: Range, { mean, sd }: { mean: number; sd: number }): boolean {
  return mean - FAR * sd >= lowest && mean + FAR * sd <= highest
}

/**
 * The sum and the squares around the mean are independent, Normal and a multiple of chi-square
 * (Fisher 1925).
 */
function drawNormalTally({ mean, sd }: { mean: number; sd: number }, units: number, chance: Chance): Tally {
  if (units === 0) return { units, sum: 0, sumOfSquares: 0 }
  const sum = units * mean + Math.sqrt(units) * sd * drawNormal(chance)
  const within = units === 1 ? 0 : 2 * sd ** 2 * drawGamma((units - 1) / 2, chance)
  return { units, sum, sumOfSquares: sum ** 2 / units + within }
}

function drawEach(units: number, draw: () => number, range: Range): Tally {
  const clip = clipTo(range)
  let [sum, sumOfSquares] = [0, 0]
  for (let unit = 0; unit < units; unit++) {
    const outcome = clip(draw())
    sum += outcome
    sumOfSquares += outcome * outcome
  }
  return { units, sum, sumOfSquares }
}

function clippedNormalMean({ mean, sd }: { mean: number; sd: number }, range: Range): number {
  const clip = clipTo(range)
  if (sd === 0) return clip(mean)
  return normalExpectation(
    z => clip(mean + sd * z),
    range.map(end => (end - mean) / sd),
  )
}

function clippedAmountMean(law: { mean: number; sd: number }, range: Range): number {
  const clip = clipTo(range)
  const { mu, sigma } = logarithmOf(law)
  if (sigma === 0) return clip(law.mean)
  const kinks = range.filter(end => end > 0).map(end => (Math.log(end) - mu) / sigma)
  return normalExpectation(z => clip(Math.exp(mu + sigma * z)), kinks)
}

/** Mean and sd of the logarithm of a lognormal amount. */
function logarithmOf({ mean, sd }: { mean: number; sd: number }): { mu: number; sigma: number } {
  const variance = Math.log1p((sd / mean) ** 2)
  return { mu: Math.log(mean) - variance / 2, sigma: Math.sqrt(variance) }
}

function clipTo([lowest, highest]: Range): (value: number) => number {
  return value => Math.min(highest, Math.max(lowest, value))
}
