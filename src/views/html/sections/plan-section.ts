// What a classical test would need, on the page of a draft.
import { kindOf } from '../../../bandit/metrics/registry.ts'
import type { ClassicalPlan } from '../../../bandit/report/classical-plan.ts'
import type { ExperimentView } from '../../../bandit/report/experiment-view.ts'
import { formatCount, formatShare } from '../../../bandit/report/numbers.ts'
import { htmlTable } from '../html-table.ts'
import { type Markup, markup, NOTHING } from '../markup.ts'

export function planSection({ plan, report }: ExperimentView): Markup {
  if (plan === null) return NOTHING
  const isRate = kindOf(report.metric).isShare
  const head = isRate
    ? 'units in all, to find a relative lift of'
    : 'units in all, to find a lift in standard deviations of'
  const columns = plan.lifts.map(lift => (isRate ? `+${formatShare(lift)}` : String(lift)))
  const rows = plan.bases.map((base, row) => ({
    name: markup`${base === null ? report.metric.key : formatShare(base)}`,
    cells: columns.map((_, column) => told(plan, row, column)),
  }))
  const test = isRate ? 'a z-test of proportions' : 'Student’s t-test'
  const caption = `With equal shares, looked at once at the end: ${test}, power ${formatShare(plan.power)}, alpha over the lifts.`
  const corner = isRate ? 'control at' : 'metric'
  return markup`<section><h2>What a classical test would need</h2>
${htmlTable({ caption, corner, groups: [{ head, columns }], rows })}
<p class="soft">Here you may look at any time, so a verdict of a large lift comes sooner and one of a small lift later. <code>npx --no pinwheel simulate</code> tells how many units this design needs.</p></section>`
}

function told({ units }: ClassicalPlan, row: number, column: number): string {
  const count = units[row]?.[column] ?? null
  return count === null ? '–' : formatCount(count)
}
