// The first page: every experiment in a line or two, those that run first; and, while there is
// none, how to make one.
import type { Experiment, Status } from '../../bandit/experiment/experiment.ts'
import type { ListView } from '../../bandit/report/experiment-view.ts'
import { formatCount, formatInstant, formatShare } from '../../bandit/report/numbers.ts'
import { adviceOf, headlineOf } from '../words.ts'
import { type Assets, framed, type Viewer } from './frame.ts'
import { named } from './html-table.ts'
import { type Markup, markup, NOTHING } from './markup.ts'
import { sharesSparkline } from './sections/shares.ts'

export interface Overview {
  readonly entries: readonly ListView[]
  readonly revision: number
  readonly assets: Assets
  readonly viewer: Viewer
  /** Where the service is, for commands that a person may copy. */
  readonly origin: string
}

/** Drafts wait for a person, so they stand before what is over. */
const ORDER = ['running', 'paused', 'draft', 'stopped'] as const satisfies readonly Status[]
const HEADS = { running: 'Running', paused: 'Paused', draft: 'Drafts', stopped: 'Stopped' } as const satisfies Record<
  Status,
  string
>

export function overviewPage({ entries, revision, assets, viewer, origin }: Overview): string {
  const groups = ORDER.flatMap(status => {
    const group = entries.filter(({ experiment }) => experiment.status === status)
    return group.length === 0 ? [] : [groupOf(HEADS[status], group)]
  })
  const main = markup`<header class="top"><h1>Experiments</h1>${
    viewer.canAct && entries.length > 0 ? markup`<a class="button" href="/new">New experiment</a>` : NOTHING
  }</header>
${entries.length === 0 ? emptyState(viewer, origin) : groups}`
  return framed({ title: '', main, assets, viewer, live: { events: '/events', revision } })
}

function groupOf(head: string, entries: readonly ListView[]): Markup {
  const newestFirst = entries.toSorted((a, b) => momentOf(b.experiment) - momentOf(a.experiment))
  return markup`<section class="group"><h2>${head} <span class="soft">${entries.length}</span></h2>
<ul class="list">${newestFirst.map(entryOf)}</ul></section>`
}

function momentOf({ startedAt, stoppedAt, createdAt }: Experiment): number {
  return stoppedAt ?? startedAt ?? createdAt
}

function entryOf({ experiment, report, course }: ListView): Markup {
  const { definition } = experiment
  const best = bestOf(report)
  return markup`
<li id="experiment-${definition.key}"><article class="entry">
<div class="who"><h3><a href="/pages/${definition.key}">${named(definition.key)}</a></h3><p class="soft clip">${definition.description}</p></div>
<dl>
<div><dt>units</dt><dd>${formatCount(report.units)}</dd></div>
<div class="best"><dt>P(best)</dt><dd class="clip">${best === null ? '–' : markup`<code>${named(best.arm)}</code> <span class="soft">${formatShare(best.probabilityBest)}</span>`}</dd></div>
<div class="word"><dt>advice</dt><dd class="clip ${adviceOf(report).kind}">${headlineOf(report)}</dd></div>
</dl>
<div class="picture">${sharesSparkline(report.arms, course)}<span class="soft">${whenOf(experiment)}</span></div>
</article></li>`
}

/** The arm that is most probably best; null while nothing is known. */
function bestOf({ arms, units }: ListView['report']) {
  if (units === 0) return null
  const known = arms.filter(({ probabilityBest }) => probabilityBest !== null)
  return known.toSorted((a, b) => (b.probabilityBest ?? 0) - (a.probabilityBest ?? 0))[0] ?? null
}

function whenOf({ status, createdAt, startedAt, stoppedAt }: Experiment): string {
  if (status === 'stopped') return `stopped ${formatInstant(stoppedAt)}`
  return startedAt === null ? `created ${formatInstant(createdAt)}` : `started ${formatInstant(startedAt)}`
}

function emptyState({ canAct }: Viewer, origin: string): Markup {
  const form = canAct
    ? markup`<p><a class="button primary" href="/new">Create the first one</a></p><p class="soft">or from a terminal:</p>`
    : markup`<p class="soft">A key with the scope admin can create one:</p>`
  return markup`<section class="empty"><h2>No experiments yet</h2>
<p>An experiment has arms, of which one is the control, and metrics, of which one is the primary one. Product code asks which arm a unit gets, and posts what happened.</p>
${form}
<pre tabindex="0"><code>curl -X PUT ${origin}/experiments/spring-email -H 'content-type: application/json' -d '{
  "arms": [{"key": "control"}, {"key": "mens"}, {"key": "womens"}],
  "metrics": [{"key": "visit", "type": "binary", "role": "primary"}]
}'
curl -X POST ${origin}/experiments/spring-email/start</code></pre></section>`
}
