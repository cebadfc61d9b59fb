// What a page says in words around its plots and tables: the advice, the facts, the notes, and how
// to read it all.

import { formatInstant, formatLevel } from '../../bandit/report/numbers.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import { unbroken } from '../text/prose.ts'
import {
  adviceOf,
  CREDIBLE_LEVEL,
  describeMetric,
  describeUnits,
  headlineOf,
  policyText,
  sampleRatioText,
} from '../words.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

/** What to do, and why. */
export function adviceBox(report: Report): Markup {
  const { kind, why } = adviceOf(report)
  const headline = headlineOf(report)
  const head = headline === '' ? NOTHING : markup`<strong>${headline}</strong>`
  return markup`<div class="advice ${kind}">${head}<p>${unbroken(why)}</p></div>`
}

export function factsList(report: Report): Markup {
  const { metric, alpha, startedAt, generatedAt } = report
  const rows: [string, string | Markup][] = [
    ['Metric', markup`<code>${metric.key}</code> (${describeMetric(report)})`],
    ['Units', unbroken(`${describeUnits(report)} · level ${formatLevel(1 - alpha)}`)],
    ['Policy', unbroken(policyText(report))],
    ['Sample ratio', unbroken(sampleRatioText(report))],
    ['Started', startedAt === null ? 'not yet' : formatInstant(startedAt)],
    ['Reported', formatInstant(generatedAt)],
  ]
  return markup`<dl class="facts">${rows.map(([name, fact]) => markup`<dt>${name}</dt><dd>${fact}</dd>`)}</dl>`
}

export function notesSection({ notes }: Report): Markup {
  if (notes.length === 0) return NOTHING
  return markup`<section><h2>Notes</h2><ul class="notes">${notes.map(note => markup`<li>${note}</li>`)}</ul></section>`
}

/** What the words of a report mean. */
export function readingSection({ alpha }: Report): Markup {
  const level = formatLevel(1 - alpha)
  const words: [word: string, meaning: string][] = [
    [
      'Confidence sequence',
      `An interval that contains the truth at every look at once in ${level} of experiments, however often one looks and however the units were allocated. Verdicts are read off it: better or worse once it excludes 0, of a guardrail safe or harmed once it lies on one side of the margin.`,
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
