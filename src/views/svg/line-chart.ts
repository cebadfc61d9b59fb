// Lines over the units that came, as SVG: named at their right ends, where the eye arrives, on an
// axis from 0. Nothing can measure text here, so room for names is computed from letters, on the
// safe side.

import { formatCount } from '../../bandit/report/numbers.ts'
import { type Markup, markup, NOTHING } from '../html/markup.ts'
import { shortNames } from '../short-names.ts'
import type { ArmColour } from './arm-colours.ts'
import { drawing, fixed } from './drawing.ts'
import { LETTER } from './plot-layout.ts'
import { ticksBetween } from './ticks.ts'

export type ChartLayout = 'wide' | 'narrow'

export interface ChartLine {
  readonly name: string
  /** Its last value as text, behind the name. */
  readonly last: string
  readonly colour: ArmColour
  /** Rising x. A step holds until the next one; null: the line is broken there. */
  readonly points: readonly (readonly [x: number, y: number | null])[]
}

export interface LineChart {
  /** Its layout is added to it. */
  readonly id: string
  readonly title: string
  /** The drawing in words. */
  readonly told: string
  readonly shape: 'steps' | 'slopes'
  readonly lines: readonly ChartLine[]
  /** Around a line: where it may lie. */
  readonly band: readonly (readonly [x: number, lower: number, upper: number])[]
  /** How far the x axis goes, in units. */
  readonly units: number
  readonly writeY: (value: number, step: number) => string
}

const SIZES = {
  wide: { width: 800, height: 260, nameLetters: 20, xTicks: 8 },
  narrow: { width: 360, height: 230, nameLetters: 9, xTicks: 3 },
} as const

const TOP = 12
const BOTTOM = 40
const LABEL_HEIGHT = 15
const LABEL_GAP = 10

export function lineChart(chart: LineChart, layout: ChartLayout): Markup {
  const { id, title, told, lines, band, units, shape, writeY } = chart
  const { width, height, nameLetters, xTicks } = SIZES[layout]
  const named = lines.filter(({ colour }) => colour !== 'faint')
  const names = shortNames(
    named.map(({ name }) => name),
    nameLetters,
  )
  const values = [
    ...lines.flatMap(({ points }) => points.map(([, y]) => y ?? 0)),
    ...band.flatMap(([, ...ends]) => ends),
  ]
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)]
  const { step, ticks } = ticksBetween(least, most > least ? most * 1.02 : least + 1, 6)
  const labels = ticks.map(tick => writeY(tick, step))
  const left = Math.ceil(LETTER.soft * Math.max(...labels.map(label => label.length)) + 8)
  const right = width - Math.ceil(rightRoom(named, names)) - LABEL_GAP
  const across = (x: number) => left + (x / units) * (right - left)
  const up = scaleUp(least, most > least ? most * 1.02 : least + 1, height)
  const grid = ticks.map(
    (tick, place) =>
      markup`<path class="${tick === 0 ? 'zero' : 'hair'}" d="M${left} ${fixed(up(tick))}H${fixed(right)}"/><text class="soft" x="${left - 8}" y="${fixed(up(tick) + 4)}" text-anchor="end">${labels[place] ?? ''}</text>`,
  )
  const bottom = height - BOTTOM
  const { ticks: unitTicks } = ticksBetween(0, units, xTicks)
  const unitLabels = unitTicks.map(
    tick =>
      markup`<text class="soft" x="${fixed(across(tick))}" y="${bottom + 16}" text-anchor="middle">${formatCount(tick)}</text>`,
  )
  const place = (x: number, y: number) => `${fixed(across(x))} ${fixed(up(y))}`
  const ends = spread(
    named.map(({ points }) => up(points.at(-1)?.[1] ?? 0)),
    TOP,
    bottom,
  )
  const drawn = lines
    .toSorted((a, b) => RANK[a.colour] - RANK[b.colour])
    .map(line => markup`<path class="line ${line.colour}" d="${pathOf(thinned(line.points, units), shape, place)}"/>`)
  const words = named.map(
    ({ last, colour }, at) =>
      markup`<text class="${colour}" x="${fixed(right + LABEL_GAP)}" y="${fixed((ends[at] ?? 0) + 4)}"><tspan class="name">${names[at] ?? ''}</tspan> ${last}</text>`,
  )
  const content = markup`${grid}${unitLabels}<text class="soft" x="${fixed((left + right) / 2)}" y="${bottom + 34}" text-anchor="middle">units</text>
${bandOf(band, units, place)}${drawn}${words}`
  return drawing({ id: `${id}-${layout}`, title, told, width, height }, content)
}

/** Faint lines first, so that the others lie upon them. */
const RANK: Readonly<Record<ArmColour, number>> = { faint: 0, control: 1, arm5: 2, arm4: 2, arm3: 2, arm2: 2, arm1: 2 }

function rightRoom(named: readonly ChartLine[], names: readonly string[]): number {
  return Math.max(
    0,
    ...named.map(({ last }, at) => LETTER.key * (names[at] ?? '').length + LETTER.soft * (last.length + 1)),
  )
}

function scaleUp(least: number, most: number, height: number): (value: number) => number {
  return value => height - BOTTOM - ((value - least) / (most - least)) * (height - BOTTOM - TOP)
}

/** At most this many points of a line; more would hide each other. */
const MOST_POINTS = 240

/** The last point in each of a number of equal columns. */
function thinned<T extends readonly [x: number, ...rest: unknown[]]>(points: readonly T[], units: number): T[] {
  if (points.length <= MOST_POINTS) return [...points]
  const column = ([x]: T) => Math.floor((x / units) * (MOST_POINTS - 2))
  return points.filter((point, at) => {
    const next = points[at + 1]
    return at === 0 || next === undefined || column(next) !== column(point)
  })
}

function pathOf(
  points: ChartLine['points'],
  shape: LineChart['shape'],
  place: (x: number, y: number) => string,
): string {
  let before: number | null = null
  return points
    .map(([x, y]) => {
      const held: number | null = before
      before = y
      if (y === null) return ''
      if (held === null) return `M${place(x, y)}`
      if (shape === 'slopes') return `L${place(x, y)}`
      return held === y ? `L${place(x, y)}` : `L${place(x, held)}L${place(x, y)}`
    })
    .join('')
}

function bandOf(band: LineChart['band'], units: number, place: (x: number, y: number) => string): Markup {
  if (band.length === 0) return NOTHING
  const kept = thinned(band, units)
  const over = kept.map(([x, , upper]) => place(x, upper))
  const under = kept.map(([x, lower]) => place(x, lower)).reverse()
  return markup`<path class="band" d="M${[...over, ...under].join('L')}Z"/>`
}

/** The heights of labels, as near to those wanted as lets none lie upon another. */
function spread(wanted: readonly number[], top: number, bottom: number): number[] {
  const order = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))
  const placed: number[] = new Array(wanted.length).fill(0)
  let free = top
  for (const at of order) {
    placed[at] = Math.max(free, wanted[at] ?? 0)
    free = (placed[at] ?? 0) + LABEL_HEIGHT
  }
  let limit = bottom
  for (const at of order.toReversed()) {
    placed[at] = Math.min(limit, placed[at] ?? 0)
    limit = (placed[at] ?? 0) - LABEL_HEIGHT
  }
  return placed
}
