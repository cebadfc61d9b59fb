// The scale on which beliefs are integrated: log-odds for rates, the plain one for means. On it
// every posterior is smooth and log-concave, and the ends of (0, 1) are as far away as they should
// be: a rate of 1e-9 keeps all its digits.

/** A rising, smooth map t ↦ θ from the whole line to the natural scale. */
export interface Link {
  /** θ at t. */
  readonly natural: (t: number) => number
  /** dθ/dt at t. */
  readonly slope: (t: number) => number
  /** θ(to) − θ(from), without cancellation. */
  readonly rise: (from: number, to: number) => number
  /** t at θ: the inverse of `natural`. */
  readonly linked: (theta: number) => number
  /**
   * How far the log density of a single unit has bent away from a straight line after a step ≥ 0
   * from t. It is the same for every posterior of the family, an exponential one, so it is computed
   * once for all arms.
   */
  readonly bendFrom: (t: number) => (step: number) => number
}

export const IDENTITY: Link = {
  natural: t => t,
  slope: () => 1,
  rise: (from, to) => to - from,
  linked: theta => theta,
  bendFrom: () => step => 0.5 * step * step,
}

export const LOG_ODDS: Link = {
  natural: logistic,
  slope: t => logistic(t) * logistic(-t),
  rise: (from, to) => -Math.expm1(from - to) * logistic(to) * logistic(-from),
  linked: theta => Math.log(theta) - Math.log1p(-theta),
  bendFrom: softplusRiseFrom,
}

/** 1/(1 + e⁻ᵗ), to full relative precision at both ends. */
function logistic(t: number): number {
  if (t >= 0) return 1 / (1 + Math.exp(-t))
  const odds = Math.exp(t)
  return odds / (1 + odds)
}

/**
 * The change of log(1 + eˣ) from x = t to t + step when t < 0; that of log(1 + e⁻ˣ) when t ≥ 0:
 * whichever term is the small one.
 */
function softplusRiseFrom(t: number): (step: number) => number {
  const share = logistic(-Math.abs(t))
  if (t >= 0) return step => Math.log1p(share * Math.expm1(-step))
  return step => {
    if (step <= 30) return Math.log1p(share * Math.expm1(step))
    return softplus(t + step) - softplus(t)
  }
}

/** log(1 + eˣ). */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
