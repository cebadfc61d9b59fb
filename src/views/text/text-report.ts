// The report for a terminal: at most 100 columns, no colour, aligned on the decimal point, the
// lifts drawn on a common axis.

import { formatLevel } from '../../bandit/report/numbers.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import { shownSections } from '../../bandit/report/sections/registry.ts'
import { shortNames } from '../short-names.ts'
import {
  adviceOf,
  describeMetric,
  describeStatus,
  describeTimes,
  describeUnits,
  policyText,
  sampleRatioText,
} from '../words.ts'
import { lengthOf, plain, wrap } from './prose.ts'
import { type Section, sectionsOf } from './text-sections.ts'
import { shownLines } from './text-shown.ts'
import { nameWidth, renderTable } from './text-table.ts'

const WIDTH = 100

/** Lines of at most 100 code points, each ending with a line feed. */
export function textReport(report: Report, paragraphs: readonly Lines[] = [...textReportParagraphs(report)]): string {
  return paragraphs
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n')
}

type Lines = readonly string[]

/**
 * The paragraphs, which may be written one by one with pauses between them; empty ones while the
 * tables are laid out, whose columns of names are equally wide.
 */
export function* textReportParagraphs(report: Report): Generator<Lines> {
  const sections: Section[] = []
  for (const section of sectionsOf(report)) {
    sections.push(section)
    yield []
  }
  const keys = report.arms.map(({ arm }) => plain(arm))
  const tables = sections.flatMap(({ table }) => table ?? [])
  const width = nameWidth(tables, keys, WIDTH)
  const names = shortNames(keys, width)
  const isShortened = names.some((name, arm) => name !== keys[arm])
  yield header(report)
  yield advice(report)
  for (const section of sections) yield sectionLines(section, names, width)
  yield checks(report)
  for (const shown of shownSections(report)) yield shownLines(shown, WIDTH)
  yield notes(report, isShortened)
}

function header(report: Report): string[] {
  const { experiment, description, metric, alpha } = report
  return [
    ...apart(plain(experiment), describeStatus(report)),
    ...(plain(description) === '' ? [] : wrap(description, WIDTH)),
    '',
    ...wrap(`${metric.key} (${describeMetric(report)})`, WIDTH, 'Metric   '),
    ...wrap(`${describeUnits(report)} · level ${formatLevel(1 - alpha)}`, WIDTH, 'Units    '),
    ...wrap(describeTimes(report), WIDTH, 'Times    '),
  ]
}

/** Both on one line, one at each side, if they fit. */
function apart(left: string, right: string): string[] {
  const room = WIDTH - lengthOf(left) - lengthOf(right)
  return room >= 3 ? [left + ' '.repeat(room) + right] : [...wrap(left, WIDTH), ...wrap(right, WIDTH)]
}

function advice(report: Report): string[] {
  const { action, about, why } = adviceOf(report)
  return [...(action === '' ? [] : wrap(action.toUpperCase() + about, WIDTH)), ...wrap(why, WIDTH)]
}

function sectionLines({ title, table, legend }: Section, names: readonly string[], nameWidth: number): string[] {
  return [
    ...wrap(title, WIDTH),
    ...(table === null ? [] : renderTable(table, names, nameWidth, WIDTH)),
    ...legend.flatMap(line => wrap(line, WIDTH, '  ')),
  ]
}

function checks(report: Report): string[] {
  return [
    ...wrap(policyText(report), WIDTH, 'Policy        '),
    ...wrap(sampleRatioText(report), WIDTH, 'Sample ratio  '),
  ]
}

function notes({ notes }: Report, isShortened: boolean): string[] {
  const short = 'Long names of arms are shortened here; the other faces of the report have them in full.'
  const all = isShortened ? [...notes, short] : notes
  return all.length === 0 ? [] : ['Notes', ...all.flatMap(note => wrap(note, WIDTH, '  · '))]
}
