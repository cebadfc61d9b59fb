// How the numbers of a column are written for people: percent, percentage points, or the metric's
// own unit, with as many decimals as the intervals deserve, so that points align. Every writing is
// at most 13 columns wide, so that tables keep their width.

import type { Metric } from '../metrics/metric.ts'
import { kindOf } from '../metrics/registry.ts'
import { ABSENT, exponentOf, grouped, inPowersOfTen } from './numbers.ts'
import type { MeanInterval } from './report-data.ts'

/** An estimate with its ends; null: no number, or no bound. */
export interface Span {
  readonly estimate: number | null
  readonly lower: number | null
  readonly upper: number | null
}

export const UNKNOWN: Span = { estimate: null, lower: null, upper: null }

/** An interval around a mean, as the report gives it, as a span. */
export function spanOf(interval: MeanInterval | null): Span {
  return interval === null ? UNKNOWN : { estimate: interval.mean, lower: interval.lower, upper: interval.upper }
}

/**
 * How the numbers of one column are written: all with the same decimals, so that their points
 * align.
 */
export interface Notation {
  /** 100 where shares are written as percent. */
  readonly factor: 1 | 100
  readonly unit: '' | '%' | 'pp'
  /** With a plus sign above zero. */
  readonly signed: boolean
  /** null: as powers of ten, for numbers too small for decimals. */
  readonly decimals: number | null
}

type Style = Omit<Notation, 'decimals'>

const MOST_DECIMALS = 6
/** Digits before and behind the point together: −12,345.67 is the longest writing. */
const MOST_DIGITS = 7
const PLAIN_LIMIT = 10 ** MOST_DIGITS - 0.5

/** For means: percent for shares, else the metric's own unit. */
export function meanNotation(metric: Pick<Metric, 'type'>, spans: readonly Span[]): Notation {
  return notationFor(spans, kindOf(metric).isShare ? { factor: 100, unit: '%', signed: false } : PLAIN)
}

/** For differences of means: percentage points for shares, else the metric's own unit. */
export function liftNotation(metric: Pick<Metric, 'type'>, spans: readonly Span[]): Notation {
  return notationFor(
    spans,
    kindOf(metric).isShare ? { factor: 100, unit: 'pp', signed: true } : { ...PLAIN, signed: true },
  )
}

/** For expected losses: sizes, with the decimals of the means. */
export function lossNotation(metric: Pick<Metric, 'type'>, means: readonly Span[]): Notation {
  return { ...liftNotation(metric, means), signed: false }
}

/** For relative lifts: percent of the control's mean. */
export function relativeNotation(spans: readonly Span[]): Notation {
  return notationFor(spans, { factor: 100, unit: '%', signed: true })
}

const PLAIN: Style = { factor: 1, unit: '', signed: false }

/**
 * As many decimals as give the narrowest interval's half-width two digits, or three when the first
 * is a one.
 */
function notationFor(spans: readonly Span[], style: Style): Notation {
  const { factor } = style
  let resolution = Number.POSITIVE_INFINITY
  let largest = 0
  for (const { estimate, lower, upper } of spans) {
    for (const value of [estimate, lower, upper]) {
      const size = Math.abs((value ?? 0) * factor)
      if (size < PLAIN_LIMIT) largest = Math.max(largest, size)
    }
    const halfWidth = halfWidthOf({ estimate, lower, upper }) * factor
    if (halfWidth > 0) resolution = Math.min(resolution, halfWidth)
  }
  if (!Number.isFinite(resolution)) resolution = largest > 0 ? largest / 100 : 1
  const wanted = Math.max(0, 1 - exponentOf(resolution / 2))
  if (wanted > MOST_DECIMALS) return { ...style, decimals: null }
  const room = MOST_DIGITS - 1 - Math.max(0, exponentOf(largest))
  let decimals = Math.min(wanted, room)
  // An end that is not zero should not read as zero where a verdict hangs on it.
  while (decimals < Math.min(wanted + 2, room, MOST_DECIMALS) && hidesVerdict(spans, factor, decimals)) decimals++
  return { ...style, decimals }
}

/** Of an interval with one end, the half that it has; NaN where it has none. */
function halfWidthOf({ estimate, lower, upper }: Span): number {
  const width = (upper ?? estimate ?? Number.NaN) - (lower ?? estimate ?? Number.NaN)
  return upper === null || lower === null ? width : width / 2
}

function hidesVerdict(spans: readonly Span[], factor: number, decimals: number): boolean {
  const half = 0.5 * 10 ** -decimals
  return spans.some(
    ({ lower, upper }) =>
      (lower !== null && lower > 0 && lower * factor < half) || (upper !== null && upper < 0 && -upper * factor < half),
  )
}

/** The number alone; `–` for null. What rounds to zero has no sign. */
export function write(notation: Notation, value: number | null): string {
  const writing = writeSigned(notation, value)
  return /[1-9–]/.test(writing) ? writing : writing.replace(/^[+−]/, '')
}

function writeSigned({ factor, signed, decimals }: Notation, value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT
  const scaled = value * factor
  const size = Math.abs(scaled)
  const digits =
    size >= PLAIN_LIMIT || (decimals === null && size > 0) ? inPowersOfTen(size) : grouped(size.toFixed(decimals ?? 0))
  if (scaled > 0) return signed ? `+${digits}` : digits
  return scaled < 0 ? `−${digits}` : digits
}

/** The number with its unit: `18.3 %`, `+7.7 pp`. */
export function writeWithUnit(notation: Notation, value: number | null): string {
  return withUnit(write(notation, value), notation)
}

/** A difference of means that a person set, with the digits that it has: `1 pp`, `0.25`. */
export function writeExactly(metric: Pick<Metric, 'type'>, value: number): string {
  const style = { ...liftNotation(metric, []), signed: false }
  const scaled = Number((value * style.factor).toPrecision(MOST_DIGITS))
  const decimals = [0, 1, 2, 3, 4, 5, 6].find(count => Number(scaled.toFixed(count)) === scaled) ?? null
  return writeWithUnit({ ...style, decimals }, value)
}

/**
 * Both ends: `['+6.80', '+8.50']`, `∞` where there is no bound. An end that rounds to zero has a
 * sign only where a verdict hangs on it: a lower end above zero, an upper end below it.
 */
export function writeEnds(
  notation: Notation,
  { lower, upper }: Omit<Span, 'estimate'>,
): [lower: string, upper: string] {
  const infinite = notation.signed ? '+∞' : '∞'
  const writeEnd = (end: number, isBeyond: boolean) =>
    (notation.signed && isBeyond ? writeSigned : write)(notation, end)
  return [lower === null ? '−∞' : writeEnd(lower, lower > 0), upper === null ? infinite : writeEnd(upper, upper < 0)]
}

/** The ends in a sentence: `from +6.80 to +8.50 pp`. */
export function writeRange(notation: Notation, span: Omit<Span, 'estimate'>): string {
  const [lower, upper] = writeEnds(notation, span)
  return `from ${lower} to ${withUnit(upper, notation)}`
}

/** The ends as in a table: `+1.0 … +6.1 pp`. */
export function writeSpan(notation: Notation, span: Omit<Span, 'estimate'>): string {
  return withUnit(writeEnds(notation, span).join(' … '), notation)
}

/** A size that may be too small to show, ≥ 0, such as an expected loss: `< 0.01 pp`. */
export function writeSize(notation: Notation, value: number | null): string {
  if (value === null || notation.decimals === null) return writeWithUnit(notation, value)
  const least = 10 ** -notation.decimals
  const hidden = value > 0 && value * notation.factor < least / 2
  return hidden ? `< ${withUnit(least.toFixed(notation.decimals), notation)}` : writeWithUnit(notation, value)
}

/** The labels of an axis: `step` apart, in the metric's own unit like `value`. */
export function writeTick(notation: Notation, value: number, step: number): string {
  const exponent = exponentOf(step * notation.factor)
  return write({ ...notation, decimals: exponent < -MOST_DECIMALS ? null : Math.max(0, -exponent) }, value)
}

function withUnit(digits: string, { unit }: Pick<Notation, 'unit'>): string {
  return unit === '' || digits === ABSENT ? digits : `${digits} ${unit}`
}
