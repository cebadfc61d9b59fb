// Who changed what, and when; the newest change first.
import type { Change } from '../../../bandit/experiment/change.ts'
import type { ExperimentView } from '../../../bandit/report/experiment-view.ts'
import { formatCount, formatInstant } from '../../../bandit/report/numbers.ts'
import { htmlTable } from '../html-table.ts'
import { type Markup, markup } from '../markup.ts'

const LATEST = 12
const LONGEST_VALUE = 60
const MOST_DIFFERENCES = 6

export function historySection({ changes, experiment }: ExperimentView): Markup {
  const rows = changes
    .slice(-LATEST)
    .reverse()
    .map(change => ({
      name: markup`${change.version}`,
      cells: [
        formatInstant(change.at),
        { text: change.actor, kind: 'word' },
        { text: `${change.action}${whyOf(change)}${told(change)}`, kind: 'word free' },
      ],
    }))
  const caption =
    rows.length < changes.length
      ? `The newest ${rows.length} of ${formatCount(changes.length)} versions.`
      : 'Every version.'
  const { key } = experiment.definition
  return markup`<section><h2>History</h2>
${htmlTable({ caption, corner: 'version', groups: [{ head: '', columns: ['when', 'who', 'what'] }], rows })}
<p class="soft"><a href="/experiments/${key}/history">The whole history</a>, as JSON</p></section>`
}

/** ` because b harms the guardrail refund`. */
function whyOf({ reason }: Change): string {
  return reason === null ? '' : ` because ${reason}`
}

/** `: policy.exploration 0.1 → 0.2`. */
function told({ changes }: Change): string {
  const parts = changes.slice(0, MOST_DIFFERENCES).map(({ path, before, after }) => {
    if (before === undefined) return `${path} ${value(after)}`
    return after === undefined ? `${path} ${value(before)} taken out` : `${path} ${value(before)} → ${value(after)}`
  })
  if (changes.length > MOST_DIFFERENCES) parts.push(`and ${changes.length - MOST_DIFFERENCES} more`)
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`
}

function value(content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  if (text === '') return '“”'
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`
}
