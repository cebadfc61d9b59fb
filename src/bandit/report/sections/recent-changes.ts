import { z } from 'zod'
import type { Change } from '../../experiment/change.ts'
import { formatCount, formatInstant } from '../numbers.ts'
import { count } from './intervals.ts'
import type { ReportSection } from './section.ts'

const MOST_CHANGES = 10
const MOST_DIFFERENCES = 6
const LONGEST_VALUE = 60

interface RecentChange extends Pick<Change, 'version' | 'at' | 'actor'> {
  readonly what: string
}

/** What was changed of the experiment, and by whom: the newest changes, the newest first. */
export const recentChanges: ReportSection<readonly RecentChange[]> = {
  key: 'recentChanges',
  schema: z
    .array(
      z.object({
        version: count,
        at: z.iso.datetime(),
        actor: z.string().describe('The name of the key that asked, or `pinwheel`.'),
        what: z.string().describe('The action, why, and the first differences, in a sentence.'),
      }),
    )
    .describe(`The newest ${MOST_CHANGES} versions of the experiment, newest first.`),
  example: [
    { version: 3, at: '2026-11-12T09:00:00.000Z', actor: 'admin', what: 'changed: policy.exploration 0.1 → 0.2' },
    { version: 2, at: '2026-11-01T09:00:00.000Z', actor: 'admin', what: 'started: status draft → running' },
    { version: 1, at: '2026-11-01T08:00:00.000Z', actor: 'admin', what: 'created' },
  ],
  build: ({ changes }) =>
    changes
      .slice(-MOST_CHANGES)
      .reverse()
      .map(change => ({ version: change.version, at: change.at, actor: change.actor, what: whatOf(change) })),
  json: (_, changes) => changes.map(change => ({ ...change, at: new Date(change.at).toISOString() })),
  show: ({ version }, changes) => ({
    title: 'Recent changes',
    table: {
      caption:
        changes.length < version
          ? `The newest ${changes.length} of ${formatCount(version)} versions.`
          : 'Every version.',
      columns: [
        { head: 'version', kind: 'number' },
        { head: 'when', kind: 'word' },
        { head: 'who', kind: 'word' },
        { head: 'what', kind: 'word' },
      ],
      rows: changes.map(({ version, at, actor, what }) => [formatCount(version), formatInstant(at), actor, what]),
    },
    sentences: [],
    link: { text: 'The whole history, as JSON', path: 'history' },
  }),
}

/** `changed because b harms refund: policy.exploration 0.1 → 0.2; alpha 0.05 → 0.1`. */
function whatOf({ action, reason, changes }: Change): string {
  // Its differences are the whole definition.
  if (action === 'created') return action
  const told = changes.slice(0, MOST_DIFFERENCES).map(({ path, before, after }) => {
    if (before === undefined) return `${path} ${valueIn(after)}`
    return after === undefined
      ? `${path} ${valueIn(before)} taken out`
      : `${path} ${valueIn(before)} → ${valueIn(after)}`
  })
  if (changes.length > MOST_DIFFERENCES) told.push(`and ${changes.length - MOST_DIFFERENCES} more`)
  const why = reason === null ? '' : ` because ${reason}`
  return `${action}${why}${told.length === 0 ? '' : `: ${told.join('; ')}`}`
}

function valueIn(content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  if (text === '') return '“”'
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`
}
