// The common axis on which intervals are drawn, in text and in SVG: which numbers it covers, its round ticks, and where an
// interval falls on it. It is counted in cells (columns of text, pixels), so that a drawing cannot say what the numbers do not.
import type { Span } from './notation.ts'

export interface Tick {
  readonly value: number
  readonly cell: number
}

/** Cells 0 … cells − 1 from `lower` to `upper`. Zero is always on it, and always a tick. */
export interface Axis {
  readonly lower: number
  readonly upper: number
  readonly cells: number
  readonly zero: number
  /** Between two ticks. */
  readonly step: number
  readonly ticks: readonly Tick[]
}

/** Where an interval is drawn: from ≤ at ≤ to. It runs on where an end is unbounded or lies beyond the axis. */
export interface Mark {
  readonly from: number
  readonly to: number
  /** The estimate; null: there is none. */
  readonly at: number | null
  readonly runsOnBelow: boolean
  readonly runsOnAbove: boolean
}

/** An interval may reach this many half-widths of the narrowest one; beyond, it would squeeze that one to nothing. */
const LONGEST_REACH = 12
const MARGIN = 0.05

/** The axis for these intervals; null where there is no estimate to draw, or none that fits a number. */
export function axisFor(spans: readonly Span[], cells: number, mostTicks: number): Axis | null {
  const range = rangeOf(spans)
  if (range === null) return null
  const [lower, upper] = range
  const step = stepFor(lower, upper, mostTicks)
  const axis = { lower, upper, cells, step }
  const ticks = Array.from({ length: tickCount(lower, upper, step) }, (_, place): Tick => {
    const value = Number(((place + Math.ceil(lower / step)) * step).toPrecision(12))
    return { value, cell: cellOf(axis, value) }
  })
  return { ...axis, zero: cellOf(axis, 0), ticks }
}

/**
 * Where `span` falls. An interval that excludes zero stays at least `gap` cells off it, one that contains zero covers its cell.
 */
export function markOn(axis: Axis, { estimate, lower, upper }: Span, gap = 1): Mark {
  const last = axis.cells - 1
  const runsOnBelow = lower === null || lower < axis.lower
  const runsOnAbove = upper === null || upper > axis.upper
  const leastCell = lower !== null && lower > 0 ? axis.zero + gap : 0
  const mostCell = upper !== null && upper < 0 ? axis.zero - gap : last
  const from = clamp(runsOnBelow ? 0 : cellOf(axis, lower), leastCell, mostCell)
  const to = clamp(runsOnAbove ? last : cellOf(axis, upper), from, mostCell)
  const at = estimate === null ? null : clamp(cellOf(axis, estimate), from, to)
  return { from, to, at, runsOnBelow, runsOnAbove }
}

/** Covers zero, every estimate, and its interval as far as LONGEST_REACH. */
function rangeOf(spans: readonly Span[]): [number, number] | null {
  const drawn = spans.filter(({ estimate }) => estimate !== null)
  if (drawn.length === 0) return null
  const reach = LONGEST_REACH * narrowest(drawn)
  let [from, to] = [0, 0]
  for (const { estimate, lower, upper } of drawn) {
    const middle = estimate ?? 0
    from = Math.min(from, Math.max(lower ?? middle, middle - reach))
    to = Math.max(to, Math.min(upper ?? middle, middle + reach))
  }
  const width = to - from
  if (!Number.isFinite(width)) return null
  if (!(width > 1e-290)) return [-1, 1]
  return [from - MARGIN * width, to + MARGIN * width]
}

function narrowest(spans: readonly Span[]): number {
  let halfWidth = Number.POSITIVE_INFINITY
  for (const { lower, upper } of spans) {
    if (lower !== null && upper !== null && upper > lower) halfWidth = Math.min(halfWidth, (upper - lower) / 2)
  }
  return halfWidth
}

/** The least of 1, 2, 5 times a power of ten that gives no more ticks than these. */
function stepFor(lower: number, upper: number, mostTicks: number): number {
  const most = Math.max(1, mostTicks)
  for (let power = 10 ** Math.floor(Math.log10((upper - lower) / most)); ; power *= 10) {
    const times = [1, 2, 5].find(candidate => tickCount(lower, upper, candidate * power) <= most)
    if (times !== undefined) return times * power
  }
}

function tickCount(lower: number, upper: number, step: number): number {
  return Math.floor(upper / step) - Math.ceil(lower / step) + 1
}

function cellOf({ lower, upper, cells }: Pick<Axis, 'lower' | 'upper' | 'cells'>, value: number): number {
  return Math.round(((value - lower) / (upper - lower)) * (cells - 1))
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value))
}
