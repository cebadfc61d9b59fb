// The page of one experiment on one metric: what to do, what is known and how sure, how the policy
// moved and what it gained, and the books behind it all. Complete without any script; one makes it
// live.
import type { ExperimentView } from '../../bandit/report/experiment-view.ts'
import { beliefFigure } from '../svg/belief-plot.ts'
import { describeStatus, headlineOf } from '../words.ts'
import { controls } from './controls.ts'
import { type Assets, framed, type Viewer } from './frame.ts'
import { adviceBox, factsList, notesSection, readingSection } from './html-prose.ts'
import { armsSection, beliefSection, guardrailSections, liftsSection, plainSections } from './html-sections.ts'
import { named } from './html-table.ts'
import { lines, type Markup, markup, NOTHING } from './markup.ts'
import { gainSection } from './sections/gain-section.ts'
import { ledgerSection } from './sections/ledger-section.ts'
import { planSection } from './sections/plan-section.ts'
import { sharesSection } from './sections/shares.ts'

export interface ExperimentPage {
  readonly view: ExperimentView
  readonly revision: number
  readonly assets: Assets
  readonly viewer: Viewer
}

/** The sections, which may be rendered one by one, as those of a report. */
export function* experimentPageSections({ view, viewer }: ExperimentPage): Generator<Markup> {
  const { report } = view
  yield adviceBox(report)
  if (viewer.canAct) yield controls(view)
  yield factsList(report)
  if (view.plan !== null) yield planSection(view)
  yield liftsSection(report)
  yield* guardrailSections(report)
  yield sharesSection(view)
  yield gainSection(view)
  yield beliefSection(report, beliefFigure(view))
  yield armsSection(report)
  yield ledgerSection(view)
  yield* plainSections(report, `/experiments/${view.experiment.definition.key}`)
  yield notesSection(report)
  yield readingSection(report)
}

/** `sections`: those of `experimentPageSections`, where they were rendered before. */
export function experimentPage(
  page: ExperimentPage,
  sections: readonly Markup[] = [...experimentPageSections(page)],
): string {
  const { view, revision, assets, viewer } = page
  const { report, experiment } = view
  const { description, metric } = report
  const { key } = experiment.definition
  const main = markup`<header data-announce="${`${key} is ${report.status}. ${headlineOf(report)}`.trim()}">
<p class="crumb"><a href="/">Experiments</a></p>
<div class="top"><h1>${named(key)}</h1><p class="state ${report.status}">${describeStatus(report)}</p></div>
${description === '' ? NOTHING : markup`<p class="lead">${description}</p>`}
${metricChoice(view)}
</header>
${lines(sections)}
${foot(key, metric.key)}`
  const query = metric.role === 'primary' ? '' : `?metric=${encodeURIComponent(metric.key)}`
  const title = query === '' ? key : `${key} · ${metric.key}`
  return framed({ title, main, assets, viewer, live: { events: `/pages/${key}/events`, revision } })
}

/** Nothing where there is no choice. */
function metricChoice({ experiment, report }: ExperimentView): Markup {
  const { key, metrics } = experiment.definition
  if (metrics.length < 2) return NOTHING
  const links = metrics.map(metric => {
    const isShown = metric.key === report.metric.key
    const here = isShown ? markup` aria-current="page"` : NOTHING
    return markup`<li><a href="/pages/${key}?metric=${encodeURIComponent(metric.key)}"${here}>${metric.key} <span class="soft">${metric.role}</span></a></li>`
  })
  return markup`<nav class="choice" aria-label="Metric"><ul>${links}</ul></nav>`
}

function foot(key: string, metric: string): Markup {
  const query = `?metric=${encodeURIComponent(metric)}`
  const faces = ['html', 'txt', 'csv', 'svg', 'json'].map(
    face => markup` <a href="/experiments/${key}/report.${face}${query}">${face}</a>`,
  )
  return markup`<footer><span class="others">This report as${faces} · <a href="/experiments/${key}/assignments.csv">assignments</a></span></footer>`
}
