// The sections of the page, each a heading with its plot or table. Evidence first, belief after it,
// each named.

import {
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
} from '../../bandit/report/notation.ts'
import { formatCount, formatEValue, formatLevel, formatPValue, formatShare } from '../../bandit/report/numbers.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import { shownSections } from '../../bandit/report/sections/registry.ts'
import type { ShownTable } from '../../bandit/report/sections/section.ts'
import {
  type ComparedArm,
  type Comparison,
  guardrailComparisons,
  MARGIN_LEGEND,
  ownComparison,
  verdictLegend,
  writeLift,
  writeLiftEnds,
} from '../comparison.ts'
import { figure } from '../svg/drawing.ts'
import { plotOf } from '../svg/interval-plot.ts'
import { unbroken } from '../text/prose.ts'
import {
  BELIEF_LEGEND,
  CREDIBLE_LEVEL,
  MEANS_LEGEND,
  roleOf,
  shownMean,
  TOO_EARLY,
  tooEarlyLegend,
  writeClipped,
} from '../words.ts'
import { type Cell, type Group, htmlTable, named } from './html-table.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

const NUMBERS_CAPTION = 'The same in numbers: estimate and ends of each confidence sequence.'
const SPAN_COLUMNS = ['estimate', 'from', 'to'] as const

/** As many rows of the plot as stay legible on one sheet of paper. */
const ONE_SHEET = 30

export function liftsSection(report: Report): Markup {
  const comparison = ownComparison(report)
  const tableOf = (shown: Comparison) => (shown.margin === null ? liftsTable(shown, report) : guardrailTable(shown))
  return comparisonSection(comparison, 'lift', tableOf)
}

/** One for each guardrail. */
export function* guardrailSections(report: Report): Generator<Markup> {
  for (const [place, comparison] of guardrailComparisons(report).entries()) {
    yield comparisonSection(comparison, `guardrail-${place + 1}`, guardrailTable)
  }
}

function comparisonSection(comparison: Comparison, id: string, tableOf: (comparison: Comparison) => Markup): Markup {
  const { title, arms, legend, margin, missing } = comparison
  const head = markup`<h2>${title}</h2>`
  if (missing !== null) return markup`<section>${head}<p class="soft">${missing}</p></section>`
  const marked = margin === null ? '' : ` ${margin === 0 ? 'Zero' : 'The dashed line'} is ${MARGIN_LEGEND}`
  return markup`<section>${head}
${figure(layout => plotOf(comparison, layout, `${id}-${layout}`), legend + marked, arms.length <= ONE_SHEET)}
${tableOf(comparison)}</section>`
}

function liftsTable({ arms, notation }: Comparison, report: Report): Markup {
  const relatives = arms.map(({ lift }) => (lift.sufficientUnits === null ? lift.relative : null))
  const relative = relativeNotation(relatives.map(span => span ?? UNKNOWN))
  const groups: Group[] = [
    { head: 'absolute lift', columns: SPAN_COLUMNS },
    { head: 'relative lift', columns: SPAN_COLUMNS },
    { head: '', columns: ['always-valid p', 'e-value', 'verdict'] },
  ]
  const rows = arms.map((arm, place) => ({
    name: named(arm.arm),
    cells: [
      ...liftCells(arm, notation),
      ...spanCells(relative, relatives[place] ?? null),
      formatPValue(arm.lift.pValue),
      formatEValue(arm.lift.logEValue),
      verdictCell(arm.verdict),
    ],
  }))
  const caption = [NUMBERS_CAPTION, ...verdictLegend(arms, report)].join(' ')
  return htmlTable({ caption, groups, rows })
}

/** Without the evidence against no lift, which is not what a guardrail asks. */
function guardrailTable({ arms, notation }: Comparison): Markup {
  const groups: Group[] = [
    { head: 'absolute lift', columns: SPAN_COLUMNS },
    { head: '', columns: ['verdict'] },
  ]
  const rows = arms.map(arm => ({
    name: named(arm.arm),
    cells: [...liftCells(arm, notation), verdictCell(arm.verdict)],
  }))
  return htmlTable({ caption: NUMBERS_CAPTION, groups, rows })
}

export function armsSection(report: Report): Markup {
  const { arms, metric, alpha } = report
  const spans = arms.map(shownMean)
  const notation = meanNotation(metric, spans)
  const plainNotation = meanNotation(
    metric,
    arms.map(({ posterior }) => spanOf(posterior)),
  )
  const groups: Group[] = [
    { head: '', columns: ['units', 'successes', 'mean'] },
    { head: `${formatLevel(1 - alpha)} confidence sequence`, columns: SPAN_COLUMNS },
    { head: '', columns: ['clipped', ''] },
  ]
  const rows = arms.map((arm, place) => ({
    name: named(arm.arm),
    cells: [
      formatCount(arm.units),
      formatCount(arm.successes),
      writeWithUnit(plainNotation, arm.mean),
      ...(arm.estimate.sufficientUnits === null ? spanCells(notation, spans[place] ?? null) : TOO_EARLY_CELLS),
      writeClipped(arm),
      { text: roleOf(arm), kind: 'word soft' },
    ],
  }))
  const known = spans.some(({ estimate }) => estimate !== null)
  const early = tooEarlyLegend(report)
  const captions = known || early.length > 0 ? [...(known ? [MEANS_LEGEND] : []), ...early] : [NO_MEANS]
  const caption = captions.join(' ')
  return markup`<section><h2>Arms</h2>${htmlTable({ caption, groups, rows })}</section>`
}

/** With a figure between head and table, where there is one. */
export function beliefSection({ arms, metric }: Report, figure: Markup = NOTHING): Markup {
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
  return markup`<section><h2>Belief of the policy</h2>${figure}${htmlTable({ caption: BELIEF_LEGEND, groups, rows })}</section>`
}

/** Those that say what is to be shown. `address`: of the experiment; null: without links. */
export function* plainSections(report: Report, address: string | null): Generator<Markup> {
  for (const { title, table, sentences, link } of shownSections(report)) {
    const more =
      address === null || link === null
        ? NOTHING
        : markup`\n<p class="soft"><a href="${address}/${link.path}">${link.text}</a></p>`
    yield markup`<section><h2>${title}</h2>
${table === null ? NOTHING : shownTable(table)}${sentences.map(sentence => markup`\n<p>${unbroken(sentence)}</p>`)}${more}</section>`
  }
}

function shownTable({ caption, columns, rows }: ShownTable): Markup {
  const [corner, ...others] = columns
  return htmlTable({
    caption,
    corner: corner?.head ?? '',
    groups: [{ head: '', columns: others.map(({ head }) => head) }],
    rows: rows.map(([name = '', ...cells]) => ({ name: markup`${name}`, cells: cells.map(cellIn) })),
  })

  function cellIn(text: string, place: number): Cell {
    if (others[place]?.kind === 'number') return text
    return { text, kind: place === others.length - 1 ? 'word free' : 'word' }
  }
}

const NO_MEANS = 'No mean can be estimated yet.'
const TOO_EARLY_CELLS: readonly Cell[] = [{ text: TOO_EARLY, kind: 'soft' }, '', '']

function liftCells(arm: ComparedArm, notation: Notation): readonly Cell[] {
  const ends = writeLiftEnds(arm, notation)
  if (ends === null) return TOO_EARLY_CELLS
  return [writeLift(arm, notation), ends[0], { text: ends[1], kind: 'to' }]
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
