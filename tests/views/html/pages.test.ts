// What holds for every page: it is whole, whatever it shows, and needs nothing but the service's
// own files.
import { describe, expect, it } from 'vitest'
import type { ExperimentView } from '../../../src/bandit/report/experiment-view.ts'
import { createPage } from '../../../src/views/html/create-page.ts'
import { experimentPage } from '../../../src/views/html/experiment-page.ts'
import { overviewPage } from '../../../src/views/html/overview-page.ts'
import { problemPage } from '../../../src/views/html/problem-page.ts'
import { signInPage } from '../../../src/views/html/sign-in-page.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { emptyReport, HOSTILE, manyArms, randomReport, sampleReport } from '../../support/samples/sample-reports.ts'
import { STATUSES, sampleView } from '../../support/samples/sample-views.ts'
import { xmlFault } from '../../support/well-formed.ts'

const assets = { style: '/assets/x/page.css', script: '/assets/x/page.js', icon: '/assets/x/pinwheel.svg' }
const viewer = { name: 'admin', canAct: true, isSignedIn: true }
const reader = { ...viewer, canAct: false }

const pageOf = (view: ExperimentView, who = viewer) => experimentPage({ view, revision: 7, assets, viewer: who })
const listOf = (entries: readonly ExperimentView[], who = viewer) =>
  overviewPage({ entries, revision: 7, assets, viewer: who, origin: 'http://127.0.0.1:8080' })

/**
 * HTML whose void elements are closed and whose attributes all have a value, so that the check for
 * XML can read it.
 */
const asXml = (page: string) =>
  page
    .replace('<!doctype html>', '')
    .replace(/ (?:required|autofocus|hidden|novalidate|selected|data-focus)(?=[ >])/g, '')
    .replace(/<(meta|link|input|wbr)\b([^>]*)>/g, '<$1$2/>')

/** Commands of SVG, each with as many numbers as it needs. */
const PATH = /^(?:[MLAmlac][-\d. ]*\d|[HVhv]-?[\d.]+|Z)*$/

function expectWhole(page: string): void {
  expect(xmlFault(asXml(page))).toBeNull()
  expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/)
  for (const [, path = ''] of page.matchAll(/\sd="([^"]*)"/g)) expect(path).toMatch(PATH)
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const addresses = [
    ...page.replaceAll('xmlns="http://www.w3.org/2000/svg"', '').matchAll(/(?:href|src|action)="([^"]*)"/g),
  ]
  for (const [, address] of addresses) expect(address).toMatch(/^[/#]/)
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! type="module" src="\/assets)/)
}

describe('experimentPage()', () => {
  it('is whole, whatever it shows', () => {
    const random = seededRandom(5)
    for (let round = 0; round < 60; round++) {
      const report = { ...randomReport(random), status: STATUSES[round % 4] ?? 'draft' }
      expectWhole(pageOf(sampleView(report, random, 1 + (round % 30)), round % 2 === 0 ? viewer : reader))
    }
  })

  it('draws no hill of a belief that is flat beside the others', () => {
    const view = sampleView(sampleReport(), seededRandom(4))
    const points = [0.1, 0.2, 0.3]
    const page = pageOf({ ...view, beliefs: { points, densities: [[0, 1_000, 0], [1, 1, 1], null] } })
    expectWhole(page)
    expect(page.match(/class="hill"/g)).toHaveLength(2)
  })

  it('escapes what others wrote', () => {
    const page = pageOf(sampleView(sampleReport({ description: HOSTILE, notes: [HOSTILE] }), seededRandom(1)))
    expect(page).not.toMatch(/<script>|(?!\n)\p{Cc}|\p{Surrogate}/u)
    expectWhole(page)
  })

  it.each([
    ['draft', ['start']],
    ['running', ['pause', 'retire', 'stop']],
    ['paused', ['start', 'retire', 'stop']],
    ['stopped', ['stop']],
  ] as const)('offers what can be done with one that is %s, to those who may', (status, verbs) => {
    const view = sampleView(sampleReport({ status }), seededRandom(1))
    const offered = [...pageOf(view).matchAll(/<dialog id="(\w+)-dialog"/g)].map(([, verb]) => verb)
    expect(offered).toEqual(verbs)
    expect(pageOf(view, reader)).not.toMatch(/<dialog|<form method="post" action="\/pages/)
  })

  it('offers no retirement where more than that would have to be decided', () => {
    const view = sampleView(sampleReport(), seededRandom(1))
    const { definition } = view.experiment
    const fixed = { type: 'fixed', weights: {}, prior: { alpha: 1, beta: 1 } } as const
    const withPolicy = {
      ...view,
      experiment: { ...view.experiment, definition: { ...definition, policy: fixed } },
    }
    expect(pageOf(withPolicy)).not.toContain('retire-dialog')
  })

  it('stays small with 200 arms and 2,000 snapshots', () => {
    const report = sampleReport({ arms: manyArms(200, seededRandom(8)), guardrails: [] })
    const random = seededRandom(2)
    const page = pageOf(sampleView(report, random, 2_000))
    expectWhole(page)
    expect(page.length).toBeLessThan(1_500_000)
  })

  it('says what is missing before the first unit, without a plot', () => {
    const page = pageOf({ ...sampleView(emptyReport(), seededRandom(1)), beliefs: null })
    for (const words of ['Nothing to draw yet', 'no outcome can be counted', 'None was taken yet'])
      expect(page).toContain(words)
    expect(page).not.toContain('class="plot"')
  })
})

describe('overviewPage()', () => {
  it('lists those that run first, and is whole', () => {
    const random = seededRandom(3)
    const entries = ['stopped', 'draft', 'paused', 'running'].map((status, place) => {
      const report = { ...randomReport(random), experiment: `e${place}`, status: status as (typeof STATUSES)[number] }
      return sampleView(report, random)
    })
    const page = listOf(entries)
    expectWhole(page)
    expect([...page.matchAll(/<h2>(\w+) /g)].map(([, head]) => head)).toEqual([
      'Running',
      'Paused',
      'Drafts',
      'Stopped',
    ])
    expect([...page.matchAll(/<h3><a href="\/pages\/(\w+)"/g)].map(([, key]) => key)).toEqual(['e3', 'e2', 'e1', 'e0'])
  })

  it('tells how to make the first one: by the form to those who may, and with curl', () => {
    expect(listOf([])).toContain('<a class="button primary" href="/new">')
    expect(listOf([], reader)).not.toContain('href="/new"')
    for (const page of [listOf([]), listOf([], reader)]) {
      expectWhole(page)
      expect(page).toContain('curl -X PUT http://127.0.0.1:8080/experiments/spring-email')
    }
  })
})

describe('the other pages', () => {
  it('are whole', () => {
    const form = {
      top: { key: HOSTILE, 'policy.type': 'fixed' },
      arms: [{ key: HOSTILE }],
      metrics: [{ type: 'continuous', role: 'guardrail' }],
      features: [{ key: HOSTILE, type: 'categorical', levels: HOSTILE }],
    }
    const faults = [HOSTILE, 'key', 'arms', 'arms[0].key', 'metrics[0].range', 'alpha', 'policy.weights.x'].map(
      path => ({ path, message: HOSTILE }),
    )
    expectWhole(createPage({ form, faults, focus: 'arms[0].key', command: HOSTILE, assets, viewer }))
    expectWhole(signInPage({ assets, back: HOSTILE, isRefused: true }))
    expectWhole(problemPage({ title: HOSTILE, detail: HOSTILE, faults, assets, viewer: null }))
  })

  it('show every fault of a form once', () => {
    const form = {
      top: { key: '', alpha: '', adjust: 'yes' },
      arms: [{ key: 'a' }],
      metrics: [{ key: 'm', type: 'binary' }],
      features: [
        { key: 'c', type: 'categorical', levels: 'a,a' },
        { key: 'n', type: 'numeric', 'range[0]': '', 'range[1]': '' },
      ],
    }
    const paths = [
      'key',
      'arms',
      'arms[0].key',
      'metrics',
      'metrics[0].range',
      'metrics[0].key',
      'policy',
      'policy.weights',
      'policy.prior.beta',
      'alpha',
      'adjust',
      'features',
      'features[0].levels',
      'features[0].levels[1]',
      'features[1].range',
      'features[1].range[1]',
    ]
    const faults = paths.map((path, place) => ({ path, message: `fault-${place}.` }))
    const page = createPage({ form, faults, focus: null, command: '', assets, viewer })
    for (const [place, path] of paths.entries()) expect(page.split(`fault-${place}.`), path).toHaveLength(2)
  })
})
