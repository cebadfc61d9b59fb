// A simulation's two curves as one SVG: what learning cost against equal shares, and how the
// intervals closed in. Pure, and nothing in it refers elsewhere.

import { formatCount } from '../../bandit/report/numbers.ts'
import type { CurvePoint, SimulationResult } from '../../simulation/summary.ts'
import { ticksTo } from './ticks.ts'

interface Line {
  readonly name: string
  readonly colour: string
  readonly dashes: string
  readonly value: (point: CurvePoint) => number | null
}

interface Chart {
  readonly title: string
  readonly lines: readonly Line[]
}

const WIDTH = 720
const HEIGHT = 260
const LEFT = 76
const RIGHT = 24
const TOP = 44
const BOTTOM = 46

const REGRET: Chart = {
  title: 'Regret: outcome lost against giving everyone the best arm, mean of the runs',
  lines: [
    { name: 'this policy', colour: '#0b6bcb', dashes: '', value: ({ regret }) => regret },
    { name: 'equal shares', colour: '#767676', dashes: '6 4', value: ({ uniformRegret }) => uniformRegret },
  ],
}

const INTERVALS: Chart = {
  title: 'Width of the confidence sequences of the lifts, median of the runs',
  lines: [{ name: 'width', colour: '#0b6bcb', dashes: '', value: ({ width }) => width }],
}

/** The whole file. A line is broken where there is no number yet. */
export function simulationCharts({ curve }: Pick<SimulationResult, 'curve'>): string {
  const charts = [REGRET, INTERVALS].map((chart, place) => drawn(chart, curve, place * HEIGHT))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${2 * HEIGHT}" width="${WIDTH}" height="${2 * HEIGHT}"`,
    ` role="img" aria-label="${REGRET.title}. ${INTERVALS.title}." font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${2 * HEIGHT}" fill="#fff"/>`,
    ...charts,
    '</svg>\n',
  ].join('')
}

function drawn({ title, lines }: Chart, curve: readonly CurvePoint[], top: number): string {
  const last = curve.at(-1)?.units ?? 1
  const highest = Math.max(0, ...lines.flatMap(({ value }) => shownValues(curve.map(value))))
  const across = (units: number) => LEFT + (units / last) * (WIDTH - LEFT - RIGHT)
  const up = (value: number) => HEIGHT - BOTTOM - (value / (highest || 1)) * (HEIGHT - TOP - BOTTOM)
  const parts = [text(LEFT, 22, title, 'start', 'font-weight="600"')]
  for (const tick of ticksTo(highest || 1)) {
    const y = written(up(tick))
    parts.push(
      `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 8, up(tick) + 4, label(tick), 'end'),
    )
  }
  for (const tick of ticksTo(last)) parts.push(text(across(tick), HEIGHT - BOTTOM + 18, label(tick), 'middle'))
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, 'units', 'middle'))
  lines.forEach(({ name, colour, dashes, value }, place) => {
    const points = curve.map(point => ({ x: across(point.units), value: value(point) }))
    const path = pathOf(points.map(({ x, value }) => (value === null || value > highest ? null : [x, up(value)])))
    parts.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes || 'none'}"/>`,
    )
    if (lines.length > 1) parts.push(text(LEFT + 12, TOP + 12 + 16 * place, name, 'start', `fill="${colour}"`))
  })
  return `<g transform="translate(0 ${top})">${parts.join('')}</g>`
}

/**
 * An interval is wide out of all proportion at first: what is over ten times the last value is not
 * drawn.
 */
function shownValues(values: readonly (number | null)[]): number[] {
  const known = values.filter(value => value !== null)
  const last = known.at(-1) ?? 0
  return known.filter(value => value <= 10 * last)
}

function pathOf(points: readonly (readonly [number, number] | null)[]): string {
  let isDown = false
  return points
    .flatMap(point => {
      const command = isDown ? 'L' : 'M'
      isDown = point !== null
      return point === null ? [] : [`${command}${written(point[0])} ${written(point[1])}`]
    })
    .join('')
}

function label(value: number): string {
  return value === 0 || value >= 10 ? formatCount(value) : String(Number(value.toPrecision(3)))
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', more = 'fill="#333"'): string {
  return `<text x="${written(x)}" y="${written(y)}" text-anchor="${anchor}" ${more}>${content}</text>`
}

function written(position: number): string {
  return String(Number(position.toFixed(1)))
}
