// The tables of the text report, each with a title and a legend. Evidence first, belief after it, each named.
import type { Report } from '../bandit/report.ts'
import {
  liftNotation,
  lossNotation,
  meanNotation,
  relativeNotation,
  spanOf,
  UNKNOWN,
  write,
  writeEnds,
  writeSize,
  writeWithUnit,
} from './notation.ts'
import { formatCount, formatEValue, formatLevel, formatPValue, formatShare } from './numbers.ts'
import { plotColumn, runsOn } from './text-plot.ts'
import { type Column, intervalColumn, numberColumn, saysSomething, type Table, wordColumn } from './text-table.ts'
import {
  BELIEF_LEGEND,
  CREDIBLE_LEVEL,
  type LiftedArm,
  liftedArms,
  liftLegend,
  MEANS_LEGEND,
  missingLifts,
  notationOfLifts,
  roleOf,
} from './words.ts'

export interface Section {
  readonly title: string
  /** null: no table, the legend says why. */
  readonly table: Table | null
  readonly legend: readonly string[]
}

export function sectionsOf(report: Report): Section[] {
  return [armsSection(report), ...liftSections(report), ...guardrailSections(report), beliefSection(report)]
}

function armsSection(report: Report): Section {
  const { arms, metric, alpha } = report
  const spans = arms.map(({ estimate }) => spanOf(estimate))
  const notation = meanNotation(metric, spans)
  const plainNotation = meanNotation(
    metric,
    arms.map(({ posterior }) => spanOf(posterior)),
  )
  const level = formatLevel(1 - alpha)
  const known = spans.some(({ estimate }) => estimate !== null)
  const columns = [
    numberColumn('units', arms, ({ units }) => formatCount(units)),
    numberColumn('mean', arms, ({ mean }) => writeWithUnit(plainNotation, mean)),
    numberColumn('estimate', spans, ({ estimate }) => writeWithUnit(notation, estimate)),
    intervalColumn(`${level} confidence sequence`, spans, span => (known ? writeEnds(notation, span) : null)),
    wordColumn('', arms, roleOf),
  ]
  return { title: 'Arms', table: tableOf(report, arms, columns), legend: known ? [MEANS_LEGEND] : [] }
}

function liftSections(report: Report): Section[] {
  const title = `Lift in ${report.metric.key} over ${report.control}`
  const missing = missingLifts(report)
  if (missing !== null) return [{ title, table: null, legend: [missing] }]
  const lifted = liftedArms(report)
  return [absoluteSection(title, lifted, report), evidenceSection(lifted, report)]
}

function absoluteSection(title: string, lifted: readonly LiftedArm[], report: Report): Section {
  const notation = notationOfLifts(report)
  const spans = lifted.map(({ lift }) => ({ ...lift, decided: lift.verdict !== 'undecided' }))
  const columns = [
    numberColumn('lift', spans, ({ estimate }) => writeWithUnit(notation, estimate)),
    intervalColumn('from … to', spans, span => writeEnds(notation, span)),
    wordColumn('verdict', spans, ({ verdict }) => verdict),
  ]
  const draw = (cells: number) => plotColumn(spans, cells, notation)
  const beyond = runsOn(spans) ? ['← →  runs on: unbounded, or too wide for the axis; the numbers say which.'] : []
  const legend = [`├─●─┤  ${liftLegend(report)}`, ...beyond]
  return { title, table: { ...tableOf(report, lifted, columns), draw }, legend }
}

function evidenceSection(lifted: readonly LiftedArm[], report: Report): Section {
  const relatives = lifted.map(({ lift }) => lift.relative ?? UNKNOWN)
  const known = relatives.some(({ estimate }) => estimate !== null)
  const notation = relativeNotation(relatives)
  const columns = [
    numberColumn('relative lift', relatives, ({ estimate }) => writeWithUnit(notation, estimate)),
    intervalColumn('from … to', relatives, span => (known ? writeEnds(notation, span) : null)),
    numberColumn('always-valid p', lifted, ({ lift }) => formatPValue(lift.pValue)),
    numberColumn('e-value', lifted, ({ lift }) => formatEValue(lift.logEValue)),
  ]
  const title = known ? 'Relative lift, and the evidence against no lift' : 'The evidence against no lift'
  return { title, table: tableOf(report, lifted, columns), legend: [] }
}

/** A finding does not tell its metric's type, so its numbers stand in the metric's own unit. */
function guardrailSections(report: Report): Section[] {
  const margins = new Map(report.guardrails.map(({ metric, margin }) => [metric, margin]))
  return [...margins].map(([metric, margin]) => {
    const findings = report.guardrails.filter(finding => finding.metric === metric)
    const title = `Guardrail ${metric}: at most ${margin} worse than ${report.control}, in its own unit`
    const lifts = findings.map(({ lift }) => lift)
    if (lifts.every(({ estimate }) => estimate === null))
      return { title, table: null, legend: ['Nothing to compare yet.'] }
    const notation = liftNotation({ type: 'continuous' }, lifts)
    const columns = [
      numberColumn('lift', lifts, ({ estimate }) => write(notation, estimate)),
      intervalColumn('from … to', lifts, span => writeEnds(notation, span)),
      wordColumn('verdict', findings, ({ verdict }) => verdict),
    ]
    return { title, table: tableOf(report, findings, columns), legend: [] }
  })
}

function beliefSection(report: Report): Section {
  const { arms, metric } = report
  const spans = arms.map(({ posterior }) => spanOf(posterior))
  const [means, losses] = [meanNotation(metric, spans), lossNotation(metric, spans)]
  const columns = [
    numberColumn('mean', spans, ({ estimate }) => writeWithUnit(means, estimate)),
    intervalColumn(`${CREDIBLE_LEVEL} credible`, spans, span =>
      span.estimate === null ? null : writeEnds(means, span),
    ),
    numberColumn('P(best)', arms, ({ probabilityBest }) => formatShare(probabilityBest)),
    numberColumn('beats control', arms, arm => formatShare(arm.probabilityBeatsControl)),
    numberColumn('loss', arms, ({ expectedLoss }) => writeSize(losses, expectedLoss)),
    numberColumn('share now', arms, ({ propensity }) => formatShare(propensity)),
  ]
  const title = 'Belief of the policy, with credible intervals'
  return { title, table: tableOf(report, arms, columns), legend: [BELIEF_LEGEND] }
}

/** A table of these arms, without the columns that say nothing. */
function tableOf({ arms }: Report, rows: readonly { readonly arm: string }[], columns: readonly Column[]): Table {
  const places = new Map(arms.map(({ arm }, place) => [arm, place]))
  return { rows: rows.map(({ arm }) => places.get(arm) ?? -1), columns: columns.filter(saysSomething) }
}
