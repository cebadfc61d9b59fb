// The sections of the page, each a heading with its plot or table. Evidence first, belief after it, each named.
import type { Report } from '../bandit/report.ts'
import { type Cell, type Group, htmlTable, named } from './html-table.ts'
import { embeddedPlot } from './interval-plot.ts'
import { type Markup, markup } from './markup.ts'
import {
  liftNotation,
  lossNotation,
  meanNotation,
  type Notation,
  relativeNotation,
  type Span,
  spanOf,
  UNKNOWN,
  write,
  writeEnds,
  writeSize,
  writeWithUnit,
} from './notation.ts'
import { formatCount, formatEValue, formatLevel, formatPValue, formatShare } from './numbers.ts'
import { unbroken } from './prose.ts'
import {
  BELIEF_LEGEND,
  CREDIBLE_LEVEL,
  liftedArms,
  liftLegend,
  MEANS_LEGEND,
  missingLifts,
  notationOfLifts,
  roleOf,
} from './words.ts'

const SPAN_COLUMNS = ['estimate', 'from', 'to'] as const

/** As many rows of the plot as stay legible on one sheet of paper. */
const ONE_SHEET = 30

export function liftsSection(report: Report): Markup {
  const title = markup`<h2>Lift in ${report.metric.key} over <code>${report.control}</code></h2>`
  const missing = missingLifts(report)
  if (missing !== null) return markup`<section>${title}<p class="soft">${missing}</p></section>`
  const wide = liftedArms(report).length <= ONE_SHEET ? 'wide whole' : 'wide'
  return markup`<section>${title}
<figure><div class="${wide}">${embeddedPlot(report, 'wide')}</div><div class="narrow">${embeddedPlot(report, 'narrow')}</div>
<figcaption>${unbroken(liftLegend(report))}</figcaption></figure>
${liftsTable(report)}</section>`
}

function liftsTable(report: Report): Markup {
  const lifted = liftedArms(report)
  const absolute = notationOfLifts(report)
  const relative = relativeNotation(lifted.map(({ lift }) => lift.relative ?? UNKNOWN))
  const groups: Group[] = [
    { head: 'absolute lift', columns: SPAN_COLUMNS },
    { head: 'relative lift', columns: SPAN_COLUMNS },
    { head: '', columns: ['always-valid p', 'e-value', 'verdict'] },
  ]
  const rows = lifted.map(({ arm, lift }) => ({
    name: named(arm),
    cells: [
      ...spanCells(absolute, lift),
      ...spanCells(relative, lift.relative),
      formatPValue(lift.pValue),
      formatEValue(lift.logEValue),
      verdictCell(lift.verdict),
    ],
  }))
  return htmlTable({ caption: 'The same in numbers: estimate and ends of each confidence sequence.', groups, rows })
}

export function armsSection({ arms, metric, alpha }: Report): Markup {
  const spans = arms.map(({ estimate }) => spanOf(estimate))
  const notation = meanNotation(metric, spans)
  const plainNotation = meanNotation(
    metric,
    arms.map(({ posterior }) => spanOf(posterior)),
  )
  const groups: Group[] = [
    { head: '', columns: ['units', 'successes', 'mean'] },
    { head: `${formatLevel(1 - alpha)} confidence sequence`, columns: SPAN_COLUMNS },
    { head: '', columns: [''] },
  ]
  const rows = arms.map(arm => ({
    name: named(arm.arm),
    cells: [
      formatCount(arm.units),
      formatCount(arm.successes),
      writeWithUnit(plainNotation, arm.mean),
      ...spanCells(notation, spanOf(arm.estimate)),
      { text: roleOf(arm), kind: 'word soft' },
    ],
  }))
  const known = spans.some(({ estimate }) => estimate !== null)
  const caption = known ? MEANS_LEGEND : 'No mean can be estimated yet.'
  return markup`<section><h2>Arms</h2>${htmlTable({ caption, groups, rows })}</section>`
}

/** A finding does not tell its metric's type, so its numbers stand in the metric's own unit. */
export function guardrailSections({ guardrails, control }: Report): Markup {
  const margins = new Map(guardrails.map(({ metric, margin }) => [metric, margin]))
  const groups: Group[] = [
    { head: 'absolute lift', columns: SPAN_COLUMNS },
    { head: '', columns: ['verdict'] },
  ]
  const sections = [...margins].map(([metric, margin]) => {
    const findings = guardrails.filter(finding => finding.metric === metric)
    const lifts = findings.map(({ lift }) => lift)
    const notation = liftNotation({ type: 'continuous' }, lifts)
    const rows = findings.map(({ arm, lift, verdict }) => ({
      name: named(arm),
      cells: [...spanCells(notation, lift), verdictCell(verdict)],
    }))
    const known = lifts.some(({ estimate }) => estimate !== null)
    const what = known ? 'confidence sequences, valid at every look' : 'nothing to compare yet'
    const caption = `At most ${margin} worse than ${control}, in the metric’s own unit; ${what}.`
    return markup`<section><h2>Guardrail <code>${metric}</code></h2>${htmlTable({ caption, groups, rows })}</section>`
  })
  return markup`${sections}`
}

export function beliefSection({ arms, metric }: Report): Markup {
  const spans = arms.map(({ posterior }) => spanOf(posterior))
  const [means, losses] = [meanNotation(metric, spans), lossNotation(metric, spans)]
  const groups: Group[] = [
    { head: `${CREDIBLE_LEVEL} credible interval`, columns: ['mean', 'from', 'to'] },
    { head: '', columns: ['P(best)', 'beats control', 'expected loss', 'share now'] },
  ]
  const rows = arms.map(arm => ({
    name: named(arm.arm),
    cells: [
      ...spanCells(means, arm.posterior === null ? null : spanOf(arm.posterior)),
      formatShare(arm.probabilityBest),
      formatShare(arm.probabilityBeatsControl),
      writeSize(losses, arm.expectedLoss),
      formatShare(arm.propensity),
    ],
  }))
  return markup`<section><h2>Belief of the policy</h2>${htmlTable({ caption: BELIEF_LEGEND, groups, rows })}</section>`
}

/** Estimate, from, to; null: none of them. */
function spanCells(notation: Notation, span: Span | null): Cell[] {
  if (span === null) return [write(notation, null), '', '']
  const [lower, upper] = writeEnds(notation, span)
  return [writeWithUnit(notation, span.estimate), lower, { text: upper, kind: 'to' }]
}

function verdictCell(verdict: string): Cell {
  return { text: `${verdict === 'undecided' ? '○' : '●'} ${verdict}`, kind: `word ${verdict}` }
}
