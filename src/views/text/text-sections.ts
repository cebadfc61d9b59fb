// The tables of the text report, each with a title and a legend. Evidence first, belief after it,
// each named.

import {
  lossNotation,
  meanNotation,
  relativeNotation,
  spanOf,
  UNKNOWN,
  writeEnds,
  writeSize,
  writeWithUnit,
} from '../../bandit/report/notation.ts'
import { formatCount, formatEValue, formatLevel, formatPValue, formatShare } from '../../bandit/report/numbers.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import {
  type ComparedArm,
  type Comparison,
  guardrailComparisons,
  ownComparison,
  verdictLegend,
  writeLift,
  writeLiftEnds,
} from '../comparison.ts'
import {
  BELIEF_LEGEND,
  CREDIBLE_LEVEL,
  clippedLegend,
  MEANS_LEGEND,
  roleOf,
  shownMean,
  tooEarlyLegend,
  writeMean,
} from '../words.ts'
import { plotColumn, plotLegend } from './text-plot.ts'
import { type Column, intervalColumn, numberColumn, saysSomething, type Table, wordColumn } from './text-table.ts'

export interface Section {
  readonly title: string
  /** null: no table, the legend says why. */
  readonly table: Table | null
  readonly legend: readonly string[]
}

export function* sectionsOf(report: Report): Generator<Section> {
  const comparison = ownComparison(report)
  // The evidence against no lift is not what a guardrail asks for.
  const hasEvidence = comparison.missing === null && comparison.margin === null
  yield armsSection(report)
  yield liftSection(comparison, report)
  if (hasEvidence) yield evidenceSection(comparison.arms, report)
  for (const guardrail of guardrailComparisons(report)) yield liftSection(guardrail, report)
  yield beliefSection(report)
}

function armsSection(report: Report): Section {
  const { arms, metric, alpha } = report
  const spans = arms.map(shownMean)
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
    numberColumn('estimate', arms, arm => writeMean(arm, notation)),
    intervalColumn(`${level} confidence sequence`, arms, ({ estimate }) =>
      known && estimate.sufficientUnits === null ? writeEnds(notation, estimate) : null,
    ),
    wordColumn('', arms, roleOf),
  ]
  const legend = [...(known ? [MEANS_LEGEND] : []), ...tooEarlyLegend(report), ...clippedLegend(report)]
  return { title: 'Arms', table: tableOf(report, arms, columns), legend }
}

/** Absolute lifts, in numbers and drawn. */
function liftSection(comparison: Comparison, report: Report): Section {
  const { title, arms, notation, missing } = comparison
  if (missing !== null) return { title, table: null, legend: [missing] }
  const columns = [
    numberColumn('lift', arms, arm => writeLift(arm, notation)),
    intervalColumn('from … to', arms, arm => writeLiftEnds(arm, notation)),
    wordColumn('verdict', arms, ({ verdict }) => verdict),
  ]
  const draw = (cells: number) => plotColumn(comparison, cells)
  return { title, table: { ...tableOf(report, arms, columns), draw }, legend: plotLegend(comparison) }
}

function evidenceSection(lifted: readonly ComparedArm[], report: Report): Section {
  const relatives = lifted.map(({ lift }) => (lift.sufficientUnits === null ? (lift.relative ?? UNKNOWN) : UNKNOWN))
  const known = relatives.some(({ estimate }) => estimate !== null)
  const notation = relativeNotation(relatives)
  const columns = [
    numberColumn('relative lift', relatives, ({ estimate }) => writeWithUnit(notation, estimate)),
    intervalColumn('from … to', relatives, span => (known ? writeEnds(notation, span) : null)),
    numberColumn('always-valid p', lifted, ({ lift }) => formatPValue(lift.pValue)),
    numberColumn('e-value', lifted, ({ lift }) => formatEValue(lift.logEValue)),
  ]
  const title = known ? 'Relative lift, and the evidence against no lift' : 'The evidence against no lift'
  return { title, table: tableOf(report, lifted, columns), legend: verdictLegend(lifted, report) }
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
