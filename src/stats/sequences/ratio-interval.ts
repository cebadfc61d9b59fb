// The confidence interval of a ratio A/C, by inverting a confidence sequence for A − uC (after
// Fieller 1954): that of the relative lift. It never divides by an uncertain number, so it may
// rightly be unbounded.
import { bound, type Tuning } from './confidence-sequence.ts'

/** `constant + linear·u + square·u²`, nowhere negative. */
export interface Quadratic {
  readonly constant: number
  readonly linear: number
  readonly square: number
}

/**
 * `A − uC` is a martingale at the true u; its variance `V(u)` is the largest of the quadratics. `C
 * > 0`.
 */
export interface Ratio {
  readonly numerator: number
  readonly denominator: number
  readonly variances: readonly [Quadratic, Quadratic]
}

/**
 * The run of u around A/C where `(A − uC)² ≤ B(V(u))²`. An end that lies outside `within` is
 * infinite.
 *
 * V is the square of a norm of (1, u), so √V is convex in u; so is B as a function of √V for α ≤
 * e^(−1/2); hence `gap(u) = B(V(u)) − |A − uC|` is convex on either side of A/C, and Newton's
 * method from A/C climbs to its first root without ever passing it. If the slope turns before a
 * root, there is none. Bisection would require a root to exist.
 */
export function ratioInterval(ratio: Ratio, tuning: Tuning, within: readonly [number, number]): [number, number] {
  return [firstRoot(ratio, tuning, -1, within[0]), firstRoot(ratio, tuning, 1, within[1])]
}

const MOST_STEPS = 200

function firstRoot(ratio: Ratio, tuning: Tuning, direction: 1 | -1, limit: number): number {
  const centre = ratio.numerator / ratio.denominator
  const farthest = (limit - centre) * direction
  let distance = 0
  for (let step = 0; step < MOST_STEPS; step++) {
    const { value, slope } = gapAt(ratio, tuning, centre + direction * distance, distance)
    if (value <= 0) break
    const descent = ratio.denominator - direction * slope
    if (descent <= 0) return direction * Infinity
    const next = distance + value / descent
    if (next > farthest) return direction * Infinity
    if (next === distance) break
    distance = next
  }
  return centre + direction * distance
}

/**
 * The gap at u, and the slope of B(V(u)) there; where the two quadratics cross, either slope
 * serves.
 */
function gapAt({ denominator, variances }: Ratio, tuning: Tuning, u: number, distance: number) {
  const [first, second] = variances
  const larger = valueAt(first, u) >= valueAt(second, u) ? first : second
  const variance = Math.max(0, valueAt(larger, u))
  const height = bound(variance, tuning)
  const growth = Math.log1p(tuning.rhoSquared * variance) - 2 * Math.log(tuning.alpha) + 1
  const slope = ((larger.linear + 2 * larger.square * u) * growth) / (2 * height)
  return { value: height - denominator * distance, slope }
}

function valueAt({ constant, linear, square }: Quadratic, u: number): number {
  return constant + u * (linear + u * square)
}
