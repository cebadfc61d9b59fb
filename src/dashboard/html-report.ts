// The report as a page: all in one document that asks no other host for anything and runs no script. Wide tables scroll inside
// their own box, so that the page never moves sideways.
import type { Report } from '../bandit/report.ts'
import { armsSection, beliefSection, guardrailSections, liftsSection } from './html-sections.ts'
import { type Markup, markup, NOTHING, styleSheet } from './markup.ts'
import { formatInstant, formatLevel } from './numbers.ts'
import { PAGE_CSS } from './page-style.ts'
import { unbroken } from './prose.ts'
import {
  adviceOf,
  CREDIBLE_LEVEL,
  describeMetric,
  describeStatus,
  describeUnits,
  policySentence,
  sampleRatioSentence,
} from './words.ts'

export function htmlReport(report: Report): string {
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
${adviceBox(report)}
${facts(report)}
${liftsSection(report)}
${armsSection(report)}
${guardrailSections(report)}
${beliefSection(report)}
${notesSection(report)}
${readingSection(report)}
${footer(report)}
</main>
</body>
</html>
`.markup
}

function adviceBox(report: Report): Markup {
  const { kind, action, what, why } = adviceOf(report)
  const head = action === '' ? NOTHING : markup`<strong>${action} ${what}</strong>`
  return markup`<div class="advice ${kind}">${head}<p>${unbroken(why)}</p></div>`
}

function facts(report: Report): Markup {
  const { metric, alpha, startedAt, generatedAt } = report
  const rows: [string, string | Markup][] = [
    ['Metric', markup`<code>${metric.key}</code> (${describeMetric(report)})`],
    ['Units', unbroken(`${describeUnits(report)} · level ${formatLevel(1 - alpha)}`)],
    ['Policy', unbroken(policySentence(report))],
    ['Sample ratio', unbroken(sampleRatioSentence(report))],
    ['Started', startedAt === null ? 'not yet' : formatInstant(startedAt)],
    ['Reported', formatInstant(generatedAt)],
  ]
  return markup`<dl class="facts">${rows.map(([name, fact]) => markup`<dt>${name}</dt><dd>${fact}</dd>`)}</dl>`
}

function notesSection({ notes }: Report): Markup {
  if (notes.length === 0) return NOTHING
  return markup`<section><h2>Notes</h2><ul class="notes">${notes.map(note => markup`<li>${note}</li>`)}</ul></section>`
}

function readingSection({ alpha }: Report): Markup {
  const level = formatLevel(1 - alpha)
  const words: [word: string, meaning: string][] = [
    [
      'Confidence sequence',
      `An interval that contains the truth at every look at once in ${level} of experiments, however often one looks and however the units were allocated. Verdicts are read off it: better or worse once it excludes 0.`,
    ],
    [
      'Credible interval',
      `Where the policy believes a mean to lie, with ${CREDIBLE_LEVEL} of its belief. It holds for one look, if rates are constant.`,
    ],
    ['P(best)', 'The policy’s belief that an arm is the best one. It sets the shares of new units; it is no evidence.'],
    ['Always-valid p, e-value', 'The evidence against no lift at all: p is 1/e, and may be read at any time.'],
  ]
  const items = words.map(([word, meaning]) => markup`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)
  return markup`<section class="soft"><h2>How to read this</h2><dl class="reading">${items}</dl></section>`
}

/** The other faces stand beside this one, so their addresses are relative. */
function footer({ metric }: Report): Markup {
  const query = `?metric=${encodeURIComponent(metric.key)}`
  const links = ['txt', 'csv', 'svg', 'json'].map(face => markup` <a href="report.${face}${query}">${face}</a>`)
  return markup`<footer>Pinwheel<span class="others"> · this report as${links}</span></footer>`
}
