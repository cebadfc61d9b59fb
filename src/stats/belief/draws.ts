// Random variates, drawn exactly (but for the rounding of doubles) from a source of uniform ones.
// Counts of many units cost no more than counts of few.
import type { Chance } from '../numerics/chance.ts'

/** Standard normal (Box & Muller 1958). */
export function drawNormal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

/**
 * Gamma with scale 1 and this shape > 0 (Marsaglia & Tsang 2000, ACM TOMS 26; below 1 by their
 * section 6).
 */
export function drawGamma(shape: number, chance: Chance): number {
  if (shape < 1) return drawGamma(shape + 1, chance) * (1 - chance()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  while (true) {
    const z = drawNormal(chance)
    const v = (1 + c * z) ** 3
    if (v <= 0) continue
    if (Math.log(1 - chance()) < z * z * 0.5 + d * (1 - v + Math.log(v))) return d * v
  }
}

/**
 * Successes among `trials` (a whole number ≥ 0) with this probability: by inversion while few are
 * expected, else BTRS.
 */
export function drawBinomial(trials: number, probability: number, chance: Chance): number {
  if (trials === 0 || probability <= 0) return 0
  if (probability >= 1) return trials
  if (probability > 0.5) return trials - drawBinomial(trials, 1 - probability, chance)
  return trials * probability < 10 ? invert(trials, probability, chance) : reject(trials, probability, chance)
}

/** How many of `trials` fall to each of these shares, which sum to one. A share of 0 gets none. */
export function drawMultinomial(trials: number, shares: readonly number[], chance: Chance): number[] {
  let rest = trials
  let share = 1
  const last = shares.findLastIndex(each => each > 0)
  return shares.map((each, place) => {
    // The last one takes what is left: the shares' sum may be short of one by a rounding.
    const count = place === last ? rest : drawBinomial(rest, Math.min(1, each / share), chance)
    rest -= count
    share -= each
    return count
  })
}

/** Walks up the distribution function (Kachitvichyanukul & Schmeiser 1988, CACM 31, BINV). */
function invert(trials: number, probability: number, chance: Chance): number {
  const odds = probability / (1 - probability)
  const none = Math.exp(trials * Math.log1p(-probability))
  while (true) {
    let [left, density, count] = [chance(), none, 0]
    while (left >= density && density > 0 && count < trials) {
      left -= density
      count++
      density *= ((trials - count + 1) / count) * odds
    }
    // Reached by rounding alone, once in 10¹⁵ draws.
    if (left < density) return count
  }
}

/** Transformed rejection (Hörmann 1993, J. Stat. Comput. Simul. 46, algorithm BTRS). */
function reject(n: number, p: number, chance: Chance): number {
  const spread = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const alpha = (2.83 + 5.1 / b) * spread
  const mode = Math.floor((n + 1) * p)
  while (true) {
    const u = chance() - 0.5
    const v = 1 - chance()
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + n * p + 0.5)
    if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k
    if (k < 0 || k > n) continue
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= logDensity(k, mode, n, p)) return k
  }
}

/** `ln P(k)/P(mode)` of the binomial distribution. */
function logDensity(k: number, mode: number, n: number, p: number): number {
  const odds = p / (1 - p)
  return (
    (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
    (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
    (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
    stirlingTail(mode) +
    stirlingTail(n - mode) -
    stirlingTail(k) -
    stirlingTail(n - k)
  )
}

/**
 * `ln k! − (ln √2π + (k + ½) ln(k + 1) − (k + 1))`; by table where the series is short of digits.
 */
function stirlingTail(k: number): number {
  const known = STIRLING_TAILS[k]
  if (known !== undefined) return known
  const square = (k + 1) ** 2
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
}

const STIRLING_TAILS = stirlingTails(16)

function stirlingTails(count: number): number[] {
  let logFactorial = 0
  return Array.from({ length: count }, (_, k) => {
    logFactorial += Math.log(Math.max(1, k))
    return logFactorial - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(k + 1) - (k + 1))
  })
}
