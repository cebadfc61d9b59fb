// How the interval plot looks, alone and on the page: type, lines, and a colour for each verdict.
import type { ComparedArm } from '../comparison.ts'
import { type Colour, paint, paletteCss } from './palette.ts'

/** The reader's own fonts: nothing is loaded. */
export const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
export const MONO = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'

/** The colour of each verdict; a hollow dot goes with the last. */
export const VERDICT_COLOURS = {
  better: 'better',
  safe: 'better',
  worse: 'worse',
  harmed: 'worse',
  undecided: 'undecided',
} as const satisfies Record<ComparedArm['verdict'], Colour>

/** For elements within `.plot`; the colours are those of `paletteCss`. */
export const PLOT_CSS = `
.plot text{font:12px ${SANS};font-variant-numeric:tabular-nums;${paint('fill', 'ink')};${paint('stroke', 'paper')};stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.plot .title{font-size:15px;font-weight:600}
.plot .key{font-family:${MONO}}
.plot .lift{font-weight:600}
.plot .soft{font-size:11px;${paint('fill', 'soft')}}
.plot .paper{${paint('fill', 'paper')}}
.plot .hair{${paint('stroke', 'hair')}}
.plot .zero{${paint('stroke', 'zero')}}
.plot .margin{${paint('stroke', 'worse')};stroke-width:1.5;stroke-dasharray:4 4}
.plot .bar{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.plot .unknown{stroke-dasharray:2 5}
.plot .dot{stroke-width:2}
${Object.entries(VERDICT_COLOURS)
  .map(
    ([verdict, colour]) => `.plot .${verdict} .bar,.plot .${verdict} .dot{${paint('stroke', colour)}}
.plot .${verdict} .dot{${paint('fill', colour === 'undecided' ? 'paper' : colour)}}
.plot .${verdict} .lift,.plot tspan.${verdict}{${paint('fill', colour)}}`,
  )
  .join('\n')}
`

/** For a plot that stands alone, with the colours. */
export const PLOT_SHEET = paletteCss('.plot') + PLOT_CSS
