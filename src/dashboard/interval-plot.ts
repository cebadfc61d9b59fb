// The lifts and their intervals as SVG, on a common axis with zero marked: the same drawing alone and on the page. It reads in
// light and dark, on paper and aloud; a full dot is decided, a hollow one is not, so that nothing hangs on colour alone.
import type { Report } from '../bandit/report.ts'
import { type Axis, axisFor, markOn } from './axis.ts'
import { keyLines } from './key-lines.ts'
import { type Markup, markup, NOTHING, styleSheet } from './markup.ts'
import { type Notation, writeEnds, writeTick, writeWithUnit } from './notation.ts'
import { paint, paletteCss } from './palette.ts'
import { arranged, LAYOUTS, type Layout, LETTER, type Row } from './plot-layout.ts'
import { wrap } from './prose.ts'
import { type LiftedArm, liftedArms, liftLegend, liftSentence, missingLifts, notationOfLifts } from './words.ts'

/** A document of its own: an SVG of 800 pixels' width. */
export function intervalPlot(report: Report): string {
  return `${plotOf(report, 'alone').markup}\n`
}

/** The drawing for a page that has `PLOT_CSS` and names what is drawn: `narrow` for phones. */
export function embeddedPlot(report: Report, layout: Exclude<Layout, 'alone'>): Markup {
  return plotOf(report, layout)
}

const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
const MONO = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'

const VERDICTS = ['better', 'worse', 'undecided'] as const

export const PLOT_CSS = `
.plot text{font:12px ${SANS};font-variant-numeric:tabular-nums;${paint('fill', 'ink')};${paint('stroke', 'paper')};stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.plot .title{font-size:15px;font-weight:600}
.plot .key{font-family:${MONO}}
.plot .lift{font-weight:600}
.plot .soft{font-size:11px;${paint('fill', 'soft')}}
.plot .paper{${paint('fill', 'paper')}}
.plot .hair{${paint('stroke', 'hair')}}
.plot .zero{${paint('stroke', 'zero')}}
.plot .bar{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.plot .unknown{stroke-dasharray:2 5}
.plot .dot{stroke-width:2}
${VERDICTS.map(
  verdict => `.plot .${verdict} .bar,.plot .${verdict} .dot{${paint('stroke', verdict)}}
.plot .${verdict} .dot{${paint('fill', verdict === 'undecided' ? 'paper' : verdict)}}
.plot .${verdict} .lift,.plot tspan.${verdict}{${paint('fill', verdict)}}`,
).join('\n')}
`

const MOST_TOLD = 12
const TITLE_LETTERS = 56

function plotOf(report: Report, layout: Layout): Markup {
  const alone = layout === 'alone'
  const { width, padding } = LAYOUTS[layout]
  const title = `Lift in ${report.metric.key} over ${report.control}`
  const missing = missingLifts(report)
  const head = alone ? headOf(report, missing) : { drawn: NOTHING, height: 0 }
  const body =
    missing === null ? bodyOf(report, layout, head.height) : { drawn: NOTHING, height: head.height + padding }
  const id = alone ? 'plot' : `plot-${layout}`
  const size = alone ? markup` width="${width}" height="${body.height}"` : NOTHING
  const paper = alone ? markup`<rect class="paper" width="100%" height="100%"/>` : NOTHING
  const style = alone ? markup`<style>${styleSheet(paletteCss('.plot') + PLOT_CSS)}</style>` : NOTHING
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-labelledby="${id}-title ${id}-desc"${size} viewBox="0 0 ${width} ${body.height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${missing ?? toldAloud(report)}</desc>
${style}${paper}${head.drawn}${body.drawn}
</svg>`
}

/** The drawing in words, for those who cannot see it. */
function toldAloud(report: Report): string {
  const arms = liftedArms(report)
  const notation = notationOfLifts(report)
  const told = arms.slice(0, MOST_TOLD).map(arm => liftSentence(arm, report, notation))
  const rest = arms.length > MOST_TOLD ? [`And ${arms.length - MOST_TOLD} more arms.`] : []
  return [liftLegend(report), ...told, ...rest].join(' ')
}

/** What a page would say around the drawing: its title, its legend, and what the colours mean. */
function headOf(report: Report, missing: string | null): { drawn: Markup; height: number } {
  const { width, padding } = LAYOUTS.alone
  const titles = wrap(
    `Lift in ${report.metric.key} over ${keyLines(report.control, TITLE_LETTERS).join(' ')}`,
    TITLE_LETTERS,
  )
  const legends = wrap(missing ?? liftLegend(report), 100)
  const below = padding + 20 * titles.length
  const verdicts =
    missing === null ? VERDICTS.filter(verdict => liftedArms(report).some(({ lift }) => lift.verdict === verdict)) : []
  const words = verdicts.map(
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

function bodyOf(report: Report, layout: Layout, top: number): { drawn: Markup; height: number } {
  const arms = liftedArms(report)
  const notation = notationOfLifts(report)
  const texts = arms.map(({ arm, lift }) => ({
    name: arm,
    lift: writeWithUnit(notation, lift.estimate),
    range: writeEnds(notation, lift).join(' … '),
  }))
  const { left, cells, rows, bottom } = arranged(texts, layout, top)
  const axis = axisFor(
    arms.map(({ lift }) => lift),
    cells,
    Math.max(2, Math.floor(cells / 65)),
  )
  if (axis === null) return { drawn: NOTHING, height: bottom }
  const drawn = rows.map((row, place) => {
    const arm = arms[place]
    return arm === undefined ? NOTHING : rowOf(arm, row, { axis, left, report, notation })
  })
  return {
    drawn: markup`${gridOf({ axis, left, notation }, LAYOUTS[layout].width, top, bottom)}${drawn}`,
    height: bottom + 8,
  }
}

function gridOf({ axis, left, notation }: Omit<Frame, 'report'>, width: number, top: number, bottom: number): Markup {
  const lines = axis.ticks.map(({ value, cell }) => {
    const x = left + cell + 0.5
    const digits = value === 0 ? '0' : writeTick(notation, value, axis.step)
    const label = value === 0 && notation.unit !== '' ? `0 ${notation.unit}` : digits
    const half = LETTER.soft * (label.length / 2)
    const labelX = Math.max(half, Math.min(width - half, x))
    return markup`<path class="${value === 0 ? 'zero' : 'hair'}" d="M${x} ${top + 22}V${bottom}"/><text class="soft" x="${labelX}" y="${top + 14}" text-anchor="middle">${label}</text>`
  })
  return markup`${lines}`
}

interface Frame {
  readonly axis: Axis
  readonly left: number
  readonly report: Report
  readonly notation: Notation
}

function rowOf(arm: LiftedArm, row: Row, { axis, left, report, notation }: Frame): Markup {
  const texts = row.texts.map(
    ({ name, x, y, anchor, text }) =>
      markup`<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`,
  )
  return markup`
<g class="${arm.lift.verdict}"><title>${liftSentence(arm, report, notation)}</title>${texts}${intervalOf(arm, axis, left, row.barY)}</g>`
}

/** A line with a cap at each end, or an arrow where it runs on, and a dot for the estimate. */
function intervalOf({ lift }: LiftedArm, axis: Axis, left: number, y: number): Markup {
  const { from, to, at, runsOnBelow, runsOnAbove } = markOn(axis, lift, 3)
  const [x1, x2] = [left + from + 0.5, left + to + 0.5]
  const start = runsOnBelow ? `M${x1 + 6} ${y - 5}L${x1} ${y}L${x1 + 6} ${y + 5}` : `M${x1} ${y - 4}V${y + 4}`
  const end = runsOnAbove ? `M${x2 - 6} ${y - 5}L${x2} ${y}L${x2 - 6} ${y + 5}` : `M${x2} ${y - 4}V${y + 4}`
  const caps = markup`<path class="bar" d="${start}${end}"/>`
  if (at === null) return markup`${caps}<path class="bar unknown" d="M${x1} ${y}H${x2}"/>`
  return markup`${caps}<path class="bar" d="M${x1} ${y}H${x2}"/><circle class="dot" cx="${left + at + 0.5}" cy="${y}" r="4"/>`
}
