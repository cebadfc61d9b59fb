// The lifts and their intervals as SVG, on a common axis with zero marked: the same drawing alone
// and on the page. It reads in light and dark, on paper and aloud; a full dot is decided, a hollow
// one is not, so that nothing hangs on colour alone.

import { type Notation, writeTick } from '../../bandit/report/notation.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import {
  type ComparedArm,
  type Comparison,
  liftText,
  ownComparison,
  shownLift,
  writeLift,
  writeLiftEnds,
} from '../comparison.ts'
import { type Markup, markup, NOTHING, styleSheet } from '../html/markup.ts'
import { wrap } from '../text/prose.ts'
import { headlineOf } from '../words.ts'
import { type Axis, axisFor, markOn } from './axis.ts'
import { drawing } from './drawing.ts'
import { arranged, LAYOUTS, type Layout, LETTER, type Row, wordsOf } from './plot-layout.ts'
import { PLOT_SHEET, VERDICT_COLOURS } from './plot-style.ts'

/** A document of its own, of the report's metric: an SVG of 800 pixels' width. */
export function intervalPlot(report: Report): string {
  return `${plotOf(ownComparison(report), 'alone', 'plot', headlineOf(report)).markup}\n`
}

const MOST_TOLD = 12
const TITLE_LETTERS = 56

/**
 * The drawing for a page that has `PLOT_CSS` and names what is drawn; `narrow` for phones. No other
 * element there has this `id`. `headline`: the advice, where nothing around the drawing tells it.
 */
export function plotOf(comparison: Comparison, layout: Layout, id: string, headline = ''): Markup {
  const alone = layout === 'alone'
  const { title, missing } = comparison
  const { width, padding } = LAYOUTS[layout]
  const head = alone ? headOf(comparison, headline) : { drawn: NOTHING, height: 0 }
  const body =
    missing === null ? bodyOf(comparison, layout, head.height) : { drawn: NOTHING, height: head.height + padding }
  const paper = alone ? markup`<rect class="paper" width="100%" height="100%"/>` : NOTHING
  const style = alone ? markup`<style>${styleSheet(PLOT_SHEET)}</style>` : NOTHING
  const advice = headline === '' ? [] : [`Advice: ${headline}.`]
  const told = [missing ?? toldAloud(comparison), ...advice].join(' ')
  const content = markup`${style}${paper}${head.drawn}${body.drawn}`
  return drawing({ id, title, told, width, height: body.height, isAlone: alone }, content)
}

/** The drawing in words, for those who cannot see it. */
function toldAloud({ arms, notation, legend }: Comparison): string {
  const told = arms.slice(0, MOST_TOLD).map(arm => liftText(arm, notation))
  const rest = arms.length > MOST_TOLD ? [`And ${arms.length - MOST_TOLD} more arms.`] : []
  return [legend, ...told, ...rest].join(' ')
}

/** What a page would say around the drawing: its title, its legend, and what the colours mean. */
function headOf({ title, arms, legend, missing }: Comparison, headline: string): { drawn: Markup; height: number } {
  const { width, padding } = LAYOUTS.alone
  const titles = [...(headline === '' ? [] : wrap(headline, TITLE_LETTERS)), ...wrap(title, TITLE_LETTERS)]
  const legends = wrap(missing ?? legend, 100)
  const below = padding + 20 * titles.length
  const present = new Set(missing === null ? arms.map(({ verdict }) => verdict) : [])
  const words = Object.keys(VERDICT_COLOURS)
    .filter(verdict => present.has(verdict as ComparedArm['verdict']))
    .map(
      (verdict, place) =>
        markup`<tspan class="${verdict}" dx="${place === 0 ? 0 : 8}">${verdict === 'undecided' ? '○' : '●'} ${verdict}</tspan>`,
    )
  const drawn = [
    ...titles.map(
      (line, row) => markup`<text class="title" x="${padding}" y="${padding + 12 + 20 * row}">${line}</text>`,
    ),
    ...legends.map(
      (line, row) => markup`<text class="soft" x="${padding}" y="${below + 10 + 16 * row}">${line}</text>`,
    ),
    markup`<text class="soft" x="${width - padding}" y="${padding + 12}" text-anchor="end">${words}</text>`,
  ]
  return { drawn: markup`${drawn}`, height: below + 16 * legends.length + 6 }
}

function bodyOf(comparison: Comparison, layout: Layout, top: number): { drawn: Markup; height: number } {
  const { arms, notation, margin } = comparison
  const texts = arms.map(arm => ({
    name: arm.arm,
    lift: writeLift(arm, notation),
    range: writeLiftEnds(arm, notation)?.join(' … ') ?? '',
  }))
  const { left, cells, rows, bottom } = arranged(texts, layout, top)
  const lifts = arms.map(shownLift)
  const axis = axisFor(lifts, { cells, mostTicks: Math.max(2, Math.floor(cells / 65)), gap: 3, margin: margin ?? 0 })
  if (axis === null) return { drawn: NOTHING, height: bottom }
  const grid = gridOf(axis, notation, { left, top, bottom, width: LAYOUTS[layout].width })
  const drawn = arms.map((arm, place) => {
    const row = rows[place]
    return row === undefined ? NOTHING : rowOf(arm, notation, row, intervalOf(arm, axis, left, row.barY))
  })
  return { drawn: markup`${grid}${drawn}`, height: bottom + 8 }
}

interface Frame {
  readonly left: number
  readonly top: number
  readonly bottom: number
  readonly width: number
}

/** A line and a label for each tick, and a dashed line for the margin. */
function gridOf({ ticks, step, margin }: Axis, notation: Notation, { left, top, bottom, width }: Frame): Markup {
  const lineAt = (x: number) => `M${x} ${top + 22}V${bottom}`
  const lines = ticks.map(({ value, cell }) => {
    const x = left + cell + 0.5
    const digits = value === 0 ? '0' : writeTick(notation, value, step)
    const label = value === 0 && notation.unit !== '' ? `0 ${notation.unit}` : digits
    const half = LETTER.soft * (label.length / 2)
    const labelX = Math.max(half, Math.min(width - half, x))
    return markup`<path class="${value === 0 ? 'zero' : 'hair'}" d="${lineAt(x)}"/><text class="soft" x="${labelX}" y="${top + 14}" text-anchor="middle">${label}</text>`
  })
  return margin === null
    ? markup`${lines}`
    : markup`${lines}<path class="margin" d="${lineAt(left + margin.cell + 0.5)}"/>`
}

function rowOf(arm: ComparedArm, notation: Notation, row: Row, interval: Markup): Markup {
  return markup`
<g class="${arm.verdict}"><title>${liftText(arm, notation)}</title>${wordsOf(row)}${interval}</g>`
}

/**
 * A line with a cap at each end, or an arrow where it runs on, and a dot for the estimate; nothing
 * while it is too early.
 */
function intervalOf({ lift }: ComparedArm, axis: Axis, left: number, y: number): Markup {
  if (lift.sufficientUnits !== null) return NOTHING
  const { from, to, at, runsOnBelow, runsOnAbove } = markOn(axis, lift)
  const [x1, x2] = [left + from + 0.5, left + to + 0.5]
  const start = runsOnBelow ? `M${x1 + 6} ${y - 5}L${x1} ${y}L${x1 + 6} ${y + 5}` : `M${x1} ${y - 4}V${y + 4}`
  const end = runsOnAbove ? `M${x2 - 6} ${y - 5}L${x2} ${y}L${x2 - 6} ${y + 5}` : `M${x2} ${y - 4}V${y + 4}`
  const caps = markup`<path class="bar" d="${start}${end}"/>`
  if (at === null) return markup`${caps}<path class="bar unknown" d="M${x1} ${y}H${x2}"/>`
  return markup`${caps}<path class="bar" d="M${x1} ${y}H${x2}"/><circle class="dot" cx="${left + at + 0.5}" cy="${y}" r="4"/>`
}
