// The latest snapshots of the ledger: when and why each was taken, and what came under it.
import { kindOf } from '../../../bandit/metrics/registry.ts'
import type { Step } from '../../../bandit/report/course.ts'
import type { ExperimentView } from '../../../bandit/report/experiment-view.ts'
import { meanNotation, spanOf, write } from '../../../bandit/report/notation.ts'
import { formatCount, formatMoment, formatShare } from '../../../bandit/report/numbers.ts'
import { shortNames } from '../../short-names.ts'
import { armColours } from '../../svg/arm-colours.ts'
import { type Cell, type Group, htmlTable } from '../html-table.ts'
import { type Markup, markup } from '../markup.ts'

const LATEST = 8
const LONGEST_HEAD = 20

/** Arms beyond those with colours are left to the ledger itself. */
export function ledgerSection({ report, course, experiment }: ExperimentView): Markup {
  const head = markup`<h2>Latest snapshots</h2>`
  if (course.length === 0)
    return markup`<section>${head}<p class="soft">None was taken yet: the first comes with the start.</p></section>`
  const colours = armColours(report.arms)
  const shown = report.arms.flatMap(({ arm }, position) => (colours[position] === 'faint' ? [] : [{ arm, position }]))
  const notation = {
    ...meanNotation(
      report.metric,
      report.arms.map(({ posterior }) => spanOf(posterior)),
    ),
    unit: '',
  } as const
  const names = shortNames(
    shown.map(({ arm }) => arm),
    LONGEST_HEAD,
  )
  const groups: Group[] = [
    { head: '', columns: ['taken, UTC', 'because of', 'units'] },
    ...names.map(head => ({ head, columns: ['share', 'units', 'mean'] })),
  ]
  const rows = course
    .slice(-LATEST)
    .reverse()
    .map(step => ({
      name: markup`${step.snapshot}`,
      cells: [
        formatMoment(step.createdAt),
        { text: step.reason, kind: 'word soft' },
        step.mature ? formatCount(step.units) : `${formatCount(step.units)} waiting`,
        ...shown.flatMap(({ position }) => armCells(step, position, value => write(notation, value))),
      ],
    }))
  const { key } = experiment.definition
  const unit = kindOf(report.metric).isShare ? ', in percent' : ''
  const left = shown.length < report.arms.length ? ` ${report.arms.length - shown.length} arms are left out here.` : ''
  const caption = `The newest ${rows.length} of ${formatCount(course.length)}: shares given, units that came, and their plain mean${unit}.${left}`
  return markup`<section>${head}
${htmlTable({ caption, corner: 'snapshot', groups, rows })}
<p class="soft"><a href="/experiments/${key}/snapshots?metric=${encodeURIComponent(report.metric.key)}">The whole ledger</a>, as JSON</p></section>`
}

function armCells(
  { propensities, tallies, mature }: Step,
  position: number,
  written: (mean: number) => string,
): Cell[] {
  const propensity = propensities[position] ?? null
  if (propensity === null) return ['–', '–', '–']
  const { units, sum } = tallies[position] ?? { units: 0, sum: 0 }
  return [formatShare(propensity), formatCount(units), units === 0 || !mature ? '–' : written(sum / units)]
}
