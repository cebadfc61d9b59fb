// The report as a page: all in one document that asks no other host for anything and runs no
// script. Wide tables scroll inside their own box, so that the page never moves sideways.
import type { Report } from '../../bandit/report/report-data.ts'
import { describeStatus } from '../words.ts'
import { adviceBox, factsList, notesSection, readingSection } from './html-prose.ts'
import { armsSection, beliefSection, guardrailSections, liftsSection, plainSections } from './html-sections.ts'
import { lines, type Markup, markup, NOTHING, styleSheet } from './markup.ts'
import { PAGE_CSS } from './page-style.ts'

/**
 * The sections, which may be rendered one by one with pauses between them: with 200 arms each takes
 * some milliseconds, and there may be twenty guardrails.
 */
export function* htmlReportSections(report: Report): Generator<Markup> {
  yield adviceBox(report)
  yield factsList(report)
  yield liftsSection(report)
  yield armsSection(report)
  yield* guardrailSections(report)
  yield beliefSection(report)
  yield* plainSections(report, null)
  yield notesSection(report)
  yield readingSection(report)
}

/** `sections`: those of `htmlReportSections`, where they were rendered before. */
export function htmlReport(report: Report, sections: readonly Markup[] = [...htmlReportSections(report)]): string {
  const { experiment, description, metric } = report
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${experiment} · ${metric.key} · Pinwheel</title>
<style>${styleSheet(PAGE_CSS)}</style>
</head>
<body>
<main>
<header>
<div class="top"><h1>${experiment}</h1><span class="soft">${describeStatus(report)}</span></div>
${description === '' ? NOTHING : markup`<p class="lead">${description}</p>`}
</header>
${lines(sections)}
${footer(report)}
</main>
</body>
</html>
`.markup
}

/** The other faces stand beside this one, so their addresses are relative. */
function footer({ metric }: Report): Markup {
  const query = `?metric=${encodeURIComponent(metric.key)}`
  const links = ['txt', 'csv', 'svg', 'json'].map(face => markup` <a href="report.${face}${query}">${face}</a>`)
  return markup`<footer>Pinwheel<span class="others"> · this report as${links}</span></footer>`
}
