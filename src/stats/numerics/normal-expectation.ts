// The expectation of a function of a standard normal number, by quadrature: the mean of an outcome
// that is clipped, or a power of e, without a formula of its own for each.
import { integrate } from './quadrature.ts'

/** Beyond it lies 1e-32 of the probability. */
const FARTHEST = 12

/** Panels at most so wide carry the density to the last digits. */
const PANEL = 0.75

/**
 * `E[value(Z)] = ∫ value(z) φ(z) dz`, for a value that grows no faster than e^(3 z) and is smooth
 * but for its `kinks`. Against closed forms of the clipped normal and lognormal: 2e-15
 * (tests/stats/belief/draws.test.ts).
 */
export function normalExpectation(value: (z: number) => number, kinks: readonly number[] = []): number {
  const inner = kinks.filter(kink => Math.abs(kink) < FARTHEST)
  const ends = [-FARTHEST, ...inner, FARTHEST].sort((x, y) => x - y)
  let sum = 0
  for (const [place, to] of ends.entries()) {
    const from = ends[place - 1]
    if (from !== undefined) sum += overPiece(value, from, to)
  }
  return sum
}

function overPiece(value: (z: number) => number, from: number, to: number): number {
  const panels = Math.ceil((to - from) / PANEL)
  const width = (to - from) / panels
  let sum = 0
  for (let panel = 0; panel < panels; panel++) {
    const start = from + panel * width
    sum += integrate(place => value(start + place) * density(start + place), width)
  }
  return sum
}

function density(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
}
