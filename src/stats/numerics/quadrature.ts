// Gauss–Legendre quadrature on one panel: the integral of a smooth function, and its cumulative
// integral at the nodes. On a panel no wider than the shape it carries, 16 nodes leave nothing but
// rounding; choosing such panels is not done here.

/** Nodes a panel. */
export const NODES = 16

const rule = gaussLegendre(NODES)

/**
 * The nodes on [−1, 1], rising, and their weights: exact for polynomials up to degree 31 (Gauss
 * 1814).
 */
export const NODE: Float64Array = rule.nodes
export const WEIGHT: Float64Array = rule.weights

/** Where the nodes lie on a panel, as shares of its width. */
export const PLACE: Float64Array = NODE.map(x => (1 + x) / 2)

/** ∫₀ʷⁱᵈᵗʰ value, with the nodes of one panel. */
export function integrate(value: (place: number) => number, width: number): number {
  let sum = 0
  for (let i = 0; i < NODES; i++) sum += (WEIGHT[i] as number) * value(width * (PLACE[i] as number))
  return 0.5 * width * sum
}

// The even part of a function has an odd integral, the odd part an even one: half the products of
// the full matrix suffice.
const HALF = NODES / 2
const { ofEven, ofOdd } = splitBySymmetry(integrationMatrix(NODE))
const even = new Float64Array(HALF)
const odd = new Float64Array(HALF)

/**
 * Given the masses (weight × value) of a panel's nodes at `masses[start …]`, writes to `below[start
 * …]` the integral from the panel's left edge to each node, and returns the whole: the integral of
 * the interpolating Legendre series, exact up to degree 15.
 */
export function cumulate(masses: Float64Array, start: number, below: Float64Array): number {
  const last = start + NODES - 1
  let half = 0
  for (let j = 0; j < HALF; j++) {
    const here = masses[start + j] as number
    const there = masses[last - j] as number
    even[j] = here + there
    odd[j] = here - there
    half += 0.5 * (here + there)
  }
  for (let i = 0, k = 0; i < HALF; i++) {
    let antisymmetric = 0
    let symmetric = half
    for (let j = 0; j < HALF; j++, k++) {
      antisymmetric += (ofEven[k] as number) * (even[j] as number)
      symmetric += (ofOdd[k] as number) * (odd[j] as number)
    }
    below[start + i] = symmetric + antisymmetric
    below[last - i] = symmetric - antisymmetric
  }
  return 2 * half
}

/**
 * The nodes of the `count`-point rule are the roots of the Legendre polynomial, by Newton from
 * Tricomi's approximation.
 */
export function gaussLegendre(count: number): { nodes: Float64Array; weights: Float64Array } {
  const nodes = new Float64Array(count)
  const weights = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (count + 0.5))
    let slope = 1
    for (let step = 0; step < 8; step++) {
      const { value, before } = legendre(count, x)
      slope = (count * (x * value - before)) / (x * x - 1)
      x -= value / slope
    }
    nodes[i] = x
    weights[i] = 2 / ((1 - x * x) * slope * slope)
  }
  return { nodes, weights }
}

/** P_degree(x) and the one before it, by Bonnet's recursion. */
function legendre(degree: number, x: number): { value: number; before: number } {
  let value = 1
  let before = 0
  for (let k = 1; k <= degree; k++) {
    const next = ((2 * k - 1) * x * value - (k - 1) * before) / k
    before = value
    value = next
  }
  return { value, before }
}

/**
 * Entry [i, j]: the share of node j's mass that lies below node i. The interpolating Legendre
 * series is integrated term by term: `∫₋₁ˣ P₀ = x + 1`, `∫₋₁ˣ P_k = (P_{k+1}(x) − P_{k−1}(x))/(2k +
 * 1)`.
 */
function integrationMatrix(nodes: Float64Array): number[][] {
  return Array.from(nodes, x =>
    Array.from(nodes, y => {
      let share = x + 1
      for (let k = 1; k < nodes.length; k++) {
        share += legendre(k, y).value * (legendre(k + 1, x).value - legendre(k - 1, x).value)
      }
      return share / 2
    }),
  )
}

/**
 * For the first half of the nodes, what the sum and the difference of a node's mass and its mirror
 * image's contribute.
 */
function splitBySymmetry(matrix: readonly (readonly number[])[]): { ofEven: Float64Array; ofOdd: Float64Array } {
  const pairs = matrix
    .slice(0, HALF)
    .flatMap(row => row.slice(0, HALF).map((here, j) => [here, row.at(-1 - j) ?? 0] as const))
  return {
    ofEven: Float64Array.from(pairs, ([here, there]) => (here + there - 1) / 2),
    ofOdd: Float64Array.from(pairs, ([here, there]) => (here - there) / 2),
  }
}
