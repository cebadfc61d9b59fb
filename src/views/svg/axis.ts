// The common axis on which intervals are drawn, in text and in SVG: which numbers it covers, its
// round ticks, and where an interval falls on it. It is counted in cells (columns of text, pixels),
// so that a drawing cannot say what the numbers do not.
import type { Span } from '../../bandit/report/notation.ts'
import { ticksBetween } from './ticks.ts'

export interface Tick {
  readonly value: number
  readonly cell: number
}

/** Cells 0 … cells − 1 from `lower` to `upper`. Zero is always on it, and always a tick. */
export interface Axis {
  readonly lower: number
  readonly upper: number
  readonly cells: number
  /** In cells: how far an interval stays off zero, or off the margin, when it excludes it. */
  readonly gap: number
  /** Its cell. */
  readonly zero: number
  /** The margin of a guardrail, at least two gaps off zero; null where it is zero. */
  readonly margin: Tick | null
  /** Between two ticks. */
  readonly step: number
  readonly ticks: readonly Tick[]
}

export interface AxisOptions {
  readonly cells: number
  readonly mostTicks: number
  /** One unless given. */
  readonly gap?: number
  /** The margin of a guardrail; zero needs no mark of its own. */
  readonly margin?: number
}

type Scale = Pick<Axis, 'lower' | 'upper' | 'cells'>

/**
 * Where an interval is drawn: from ≤ at ≤ to. It runs on where an end is unbounded or lies beyond
 * the axis.
 */
export interface Mark {
  readonly from: number
  readonly to: number
  /** The estimate; null: there is none. */
  readonly at: number | null
  readonly runsOnBelow: boolean
  readonly runsOnAbove: boolean
}

/**
 * An interval may reach this many half-widths of the narrowest one; beyond, it would squeeze that
 * one to nothing.
 */
const LONGEST_REACH = 12
/** What stays free at each end, as a share of the rest. */
const EDGE = 0.05

/**
 * The axis for these intervals; null where there is no estimate to draw, or none that fits a
 * number.
 */
export function axisFor(spans: readonly Span[], { cells, mostTicks, gap = 1, margin = 0 }: AxisOptions): Axis | null {
  const range = rangeOf(spans, margin)
  if (range === null) return null
  // The margin may be the least or the most of all, and lie so near to zero that it is moved away
  // from it: two gaps at each end.
  const share = margin === 0 ? EDGE : Math.max(EDGE, (2 * gap + 0.5) / (cells - 4 * gap - 2))
  const edge = (range[1] - range[0]) * share
  const [lower, upper] = [range[0] - edge, range[1] + edge]
  const scale = { lower, upper, cells }
  const { step, ticks: values } = ticksBetween(lower, upper, Math.max(1, mostTicks))
  const ticks = values.map((value): Tick => ({ value, cell: cellOf(scale, value) }))
  const zero = cellOf(scale, 0)
  return { ...scale, gap, zero, margin: margin === 0 ? null : marginOn(scale, zero, margin, gap), step, ticks }
}

/**
 * Where `span` falls. An interval that excludes zero or the margin stays off it, one that contains
 * it covers its cell.
 */
export function markOn(axis: Axis, { estimate, lower, upper }: Span): Mark {
  const last = axis.cells - 1
  const runsOnBelow = lower === null || lower < axis.lower
  const runsOnAbove = upper === null || upper > axis.upper
  const fences = [{ value: 0, cell: axis.zero }, ...(axis.margin === null ? [] : [axis.margin])]
  const below = fences.filter(({ value }) => lower !== null && lower > value)
  const above = fences.filter(({ value }) => upper !== null && upper < value)
  const within = fences.filter(fence => !below.includes(fence) && !above.includes(fence)).map(({ cell }) => cell)
  const leastCell = Math.max(0, ...below.map(({ cell }) => cell + axis.gap))
  const mostCell = Math.min(last, ...above.map(({ cell }) => cell - axis.gap))
  const from = clamp(runsOnBelow ? 0 : cellOf(axis, lower), leastCell, Math.min(mostCell, ...within))
  const to = clamp(runsOnAbove ? last : cellOf(axis, upper), Math.max(from, ...within), mostCell)
  const at = estimate === null ? null : clamp(cellOf(axis, estimate), from, to)
  return { from, to, at, runsOnBelow, runsOnAbove }
}

function marginOn(scale: Scale, zero: number, value: number, gap: number): Tick {
  const cell = cellOf(scale, value)
  return { value, cell: value > 0 ? Math.max(cell, zero + 2 * gap) : Math.min(cell, zero - 2 * gap) }
}

/** Covers zero, the margin, every estimate, and its interval as far as LONGEST_REACH. */
function rangeOf(spans: readonly Span[], margin: number): [number, number] | null {
  const drawn = spans.filter(({ estimate }) => estimate !== null)
  if (drawn.length === 0) return null
  const reach = LONGEST_REACH * narrowest(drawn)
  let [from, to] = [Math.min(0, margin), Math.max(0, margin)]
  for (const { estimate, lower, upper } of drawn) {
    const middle = estimate ?? 0
    from = Math.min(from, Math.max(lower ?? middle, middle - reach))
    to = Math.max(to, Math.min(upper ?? middle, middle + reach))
  }
  const width = to - from
  if (!Number.isFinite(width)) return null
  return width > 1e-290 ? [from, to] : [-1, 1]
}

function narrowest(spans: readonly Span[]): number {
  let halfWidth = Number.POSITIVE_INFINITY
  for (const { lower, upper } of spans) {
    if (lower !== null && upper !== null && upper > lower) halfWidth = Math.min(halfWidth, (upper - lower) / 2)
  }
  return halfWidth
}

function cellOf({ lower, upper, cells }: Scale, value: number): number {
  return Math.round(((value - lower) / (upper - lower)) * (cells - 1))
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value))
}
