// Which of several Normal beliefs is best, in microseconds: for policies that have to know it for
// each unit. best-arm.ts answers more, for any beliefs, in a hundred times the time.

import type { Goal } from '../goal.ts'
import { NORMAL_END, normalCdf } from '../numerics/normal-distribution.ts'
import { panelEdges } from '../numerics/panels.ts'
import { gaussLegendre } from '../numerics/quadrature.ts'

/** So many standard deviations from its mean a belief ends: 1.3e-12 of it lies beyond. */
const END = 7

/** Steps of the trapezoid rule, in the least standard deviation, for up to so many arms. */
const STEPS = [
  { most: 4, step: 0.45 },
  { most: 16, step: 0.33 },
  { most: 64, step: 0.25 },
] as const
const FINEST_STEP = 0.2

/** Spreads so different that the trapezoid rule takes more nodes go to panels. */
const MOST_NODES = 400

/**
 * A belief sharper than this share of its mean lies on too few doubles; it is read as this sharp.
 */
const SHARPEST = 1e-13

const PANEL = gaussLegendre(12)
const NORMALISER = 1 / Math.sqrt(2 * Math.PI)

/**
 * P(θ_a is best) for independent `θ_a ~ Normal(means[a], sds[a]²)`, sds above 0; best is highest,
 * for `decrease` lowest. `chances[i]` is that of arm `among[i]`.
 *
 * Two arms: `Φ((m₁ − m₂)/√(s₁² + s₂²))`. More: `∫ f_a ∏_{b≠a} F_b` by the trapezoid rule, which
 * converges geometrically for such integrands (Trefethen & Weideman 2014, SIAM Review 56), from the
 * largest `m − 7s` to the largest `m + 7s`, in steps of 0.45 of the least sd (finer for more arms,
 * whose maximum is narrower: with 12 alike, 0.45 is off by 6e-9); arms that end below have no
 * chance. Where that took over 400 nodes, by Gauss–Legendre panels.
 * Against best-arm.ts on seeded random arms, 2 to 60 of them, alike, apart and of spreads from 1 to
 * 10⁴: absolute error ≤ 1e-10 (tests/stats/belief/best-of-normals.test.ts). They sum to one.
 */
export class BestOfNormals {
  readonly #sign: 1 | -1
  /** Those with a chance: their places in `among`, means (turned for `decrease`) and sds. */
  readonly #places: Int32Array
  readonly #means: Float64Array
  readonly #sds: Float64Array
  readonly #below: Float64Array
  readonly #density: Float64Array

  /** For up to `most` arms; holds the memory that it works in. */
  constructor(most: number, goal: Goal) {
    this.#sign = goal === 'increase' ? 1 : -1
    this.#places = new Int32Array(most)
    this.#means = new Float64Array(most)
    this.#sds = new Float64Array(most)
    this.#below = new Float64Array(most)
    this.#density = new Float64Array(most)
  }

  chances(means: Float64Array, sds: Float64Array, among: Int32Array, chances: Float64Array): void {
    const count = among.length
    if (count === 1) chances[0] = 1
    else if (count === 2) this.#ofTwo(means, sds, among, chances)
    else this.#ofMany(means, sds, among, chances)
  }

  #ofTwo(means: Float64Array, sds: Float64Array, among: Int32Array, chances: Float64Array): void {
    const [one, other] = [among[0] as number, among[1] as number]
    const spread = Math.sqrt((sds[one] as number) ** 2 + (sds[other] as number) ** 2)
    const ahead = (this.#sign * ((means[one] as number) - (means[other] as number))) / spread
    chances[0] = normalCdf(ahead)
    chances[1] = normalCdf(-ahead)
  }

  #ofMany(means: Float64Array, sds: Float64Array, among: Int32Array, chances: Float64Array): void {
    let from = -Infinity
    for (let place = 0; place < among.length; place++) {
      const arm = among[place] as number
      const mean = this.#sign * (means[arm] as number)
      from = Math.max(from, mean - END * sharpened(mean, sds[arm] as number))
      chances[place] = 0
    }
    let [hopeful, to, least] = [0, from, Infinity]
    for (let place = 0; place < among.length; place++) {
      const arm = among[place] as number
      const mean = this.#sign * (means[arm] as number)
      const sd = sharpened(mean, sds[arm] as number)
      if (mean + END * sd <= from) continue
      this.#places[hopeful] = place
      this.#means[hopeful] = mean
      this.#sds[hopeful] = sd
      hopeful++
      to = Math.max(to, mean + END * sd)
      least = Math.min(least, sd)
    }
    const step = (STEPS.find(({ most }) => hopeful <= most)?.step ?? FINEST_STEP) * least
    const nodes = Math.ceil((to - from) / step)
    if (nodes <= MOST_NODES) {
      for (let node = 0; node <= nodes; node++) this.#addNode(from + node * step, step, hopeful, chances)
    } else this.#addPanels(from, hopeful, chances)
    let sum = 0
    for (let place = 0; place < among.length; place++) sum += chances[place] as number
    for (let place = 0; place < among.length; place++) chances[place] = (chances[place] as number) / sum
  }

  #addPanels(from: number, hopeful: number, chances: Float64Array): void {
    const bumps = Array.from({ length: hopeful }, (_, place) => {
      const [mode, scale] = [this.#means[place] as number, this.#sds[place] as number]
      return { mode, scale, from: Math.max(from, mode - END * scale), to: mode + END * scale }
    })
    const edges = panelEdges(bumps)
    for (let panel = 1; panel < edges.length; panel++) {
      const left = edges[panel - 1] as number
      const half = ((edges[panel] as number) - left) / 2
      for (let node = 0; node < PANEL.nodes.length; node++) {
        const at = left + half * (1 + (PANEL.nodes[node] as number))
        this.#addNode(at, half * (PANEL.weights[node] as number), hopeful, chances)
      }
    }
  }

  /** Adds `weight · f_a(at) ∏_{b≠a} F_b(at)`; the products over the arms before and after each. */
  #addNode(at: number, weight: number, hopeful: number, chances: Float64Array): void {
    let before = weight
    for (let place = 0; place < hopeful; place++) {
      const sd = this.#sds[place] as number
      const z = (at - (this.#means[place] as number)) / sd
      const below = normalCdf(z)
      this.#below[place] = below
      const isNear = z < NORMAL_END && z > -NORMAL_END
      this.#density[place] = isNear ? ((before * NORMALISER) / sd) * Math.exp(-0.5 * z * z) : 0
      before *= below
    }
    let after = 1
    for (let place = hopeful - 1; place >= 0; place--) {
      const own = this.#places[place] as number
      chances[own] = (chances[own] as number) + (this.#density[place] as number) * after
      after *= this.#below[place] as number
    }
  }
}

function sharpened(mean: number, sd: number): number {
  return Math.max(sd, SHARPEST * Math.abs(mean))
}
