// Beliefs on common panels of the link scale: how much of each lies at every node. Whatever
// compares arms (probabilities, losses) or reads one of them (quantiles, densities) uses these
// values; nothing is normalised but by its own sum.

import { panelEdges } from '../numerics/panels.ts'
import { cumulate, NODES, PLACE, WEIGHT } from '../numerics/quadrature.ts'
import type { Link } from './link.ts'
import type { LinkDensity } from './link-density.ts'

/** Panel p lies between edges p and p + 1. */
export interface BeliefGrid {
  readonly edges: Float64Array
  readonly beliefs: readonly GridBelief[]
}

/**
 * One belief on the panels `first` ≤ p < `end` that its support touches; node i of panel p is at
 * `NODES · (p − first) + i`.
 */
export interface GridBelief {
  readonly first: number
  readonly end: number
  /** The probability that each node stands for (weight × density); they sum to one. */
  readonly mass: Float64Array
  /** The integral over the link scale of exp(logDensity), by which the masses were divided. */
  readonly integral: number
}

/**
 * Puts densities of one family (one link) on the panels that they need together; an empty list is a
 * RangeError.
 */
export function beliefGrid(densities: readonly LinkDensity[]): BeliefGrid {
  const [one] = densities
  if (one === undefined) throw new RangeError('Cannot make a grid: there are no densities')
  const edges = panelEdges(densities)
  const bends = bendsAtNodes(one.link, edges)
  return { edges, beliefs: densities.map(density => onPanels(density, edges, bends)) }
}

/**
 * P(below the node) and P(above it) at every node of a belief: each precise where it is small, so
 * neither is 1 − the other.
 */
export function cumulated({ mass }: GridBelief): { below: Float64Array; above: Float64Array } {
  const below = new Float64Array(mass.length)
  const above = new Float64Array(mass.length)
  let before = 0
  for (let start = 0; start < mass.length; start += NODES) {
    const onPanel = cumulate(mass, start, below)
    for (let i = start; i < start + NODES; i++) {
      // In a tail the interpolation may fall short of zero by the rounding of the panel's largest
      // value.
      const within = Math.max(0, below[i] as number)
      below[i] = before + within
      above[i] = Math.max(0, onPanel - within)
    }
    before += onPanel
  }
  let behind = 0
  for (let start = mass.length - NODES; start >= 0; start -= NODES) {
    let onPanel = 0
    for (let i = start; i < start + NODES; i++) {
      above[i] = behind + (above[i] as number)
      onPanel += mass[i] as number
    }
    behind += onPanel
  }
  return { below, above }
}

function bendsAtNodes(link: Link, edges: Float64Array): Float64Array {
  const bends = new Float64Array(NODES * (edges.length - 1))
  for (let panel = 0, k = 0; panel < edges.length - 1; panel++) {
    const left = edges[panel] as number
    const width = (edges[panel + 1] as number) - left
    const bend = link.bendFrom(left)
    for (let i = 0; i < NODES; i++, k++) bends[k] = bend(width * (PLACE[i] as number))
  }
  return bends
}

function onPanels(density: LinkDensity, edges: Float64Array, bends: Float64Array): GridBelief {
  const { mode, logDensity, tilt, weight } = density
  const first = lastAtMost(edges, density.from)
  const end = firstAtLeast(edges, density.to)
  const mass = new Float64Array(NODES * (end - first))
  let integral = 0
  for (let panel = first, k = 0; panel < end; panel++) {
    const left = edges[panel] as number
    const width = (edges[panel + 1] as number) - left
    const atLeft = logDensity(left - mode)
    const rise = width * tilt(left)
    for (let i = 0, n = NODES * panel; i < NODES; i++, n++, k++) {
      const value = Math.exp(atLeft + (rise * (PLACE[i] as number) - weight * (bends[n] as number)))
      const share = 0.5 * width * (WEIGHT[i] as number) * value
      mass[k] = share
      integral += share
    }
  }
  const unit = 1 / integral
  for (let k = 0; k < mass.length; k++) mass[k] = unit * (mass[k] as number)
  return { first, end, mass, integral }
}

/** The last panel whose left edge is at most x. */
function lastAtMost(edges: Float64Array, x: number): number {
  let panel = 0
  while (panel < edges.length - 2 && (edges[panel + 1] as number) <= x) panel++
  return panel
}

/** The first edge that is at least x. */
function firstAtLeast(edges: Float64Array, x: number): number {
  let edge = edges.length - 1
  while (edge > 1 && (edges[edge - 1] as number) >= x) edge--
  return edge
}
