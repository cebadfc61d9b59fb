// The dashboard and the alert rules speak of metrics that there are.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { expositionText } from '../../src/http/metrics/exposition.ts'
import { measureProcess } from '../../src/server/process-metrics.ts'
import { FEATURES } from '../support/http/contexts.ts'
import { type ReadFamily, readExposition } from '../support/http/exposition.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/operate/${name}`, import.meta.url), 'utf8')

/** Words of PromQL that are no metrics. */
const WORDS = new Set(['by', 'and', 'on', 'le', 'job', 'instance', 'route', 'experiment', 'up'])

interface Query {
  readonly metric: string
  /** Names of labels that it selects by. */
  readonly labels: readonly string[]
}

/**
 * The metrics in an expression: names that are followed by no parenthesis, with the labels in their
 * braces.
 */
function queriesIn(expression: string): Query[] {
  const aggregations = /\b(by|on)\s*\([^)]*\)/g
  const names = /\b([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*\()(?:\{([^}]*)\})?/g
  const text = expression.replace(aggregations, '').replaceAll(/\[[^\]]*\]/g, '')
  return [...text.matchAll(names)].flatMap(([, metric = '', selectors = '']) =>
    WORDS.has(metric)
      ? []
      : [{ metric, labels: [...selectors.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label]) => label as string) }],
  )
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}

const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
  panels: Panel[]
  templating: { list: { name: string; query: unknown }[] }
}
const rules = parseDocument(read('alert-rules.yaml'), { strict: true })
const { groups } = rules.toJS() as { groups: { rules: Rule[] }[] }
const alerts = groups.flatMap(group => group.rules)

const expressions = [
  ...dashboard.panels.flatMap(panel => panel.targets?.map(({ expr }) => expr) ?? []),
  ...alerts.map(({ expr }) => expr),
]

describe('docs/operate/grafana-dashboard.json and docs/operate/alert-rules.yaml', () => {
  let service: Service
  let families: Map<string, ReadFamily>

  // A service to which all has happened that is counted.
  beforeEach(async () => {
    service = await startService()
    const metrics = [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'leave', type: 'binary', role: 'guardrail' },
    ]
    await startExperiment(service, { metrics, features: FEATURES })
    await service.call('POST', '/webhooks', { url: 'https://example.com' })
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u', context: { recency: 'x' } })
    await service.call('POST', '/rewards', [{ unit: 'u', metric: 'visit' }, { unit: 'u' }])
    await service.look()
    const { text } = await service.call('GET', '/metrics')
    families = readExposition(text + expositionText(measureProcess()()))
  })

  afterEach(() => service.close())

  function labelsOf(metric: string): string[] | null {
    const family = families.get(metric) ?? families.get(metric.replace(/_(bucket|sum|count)$/, ''))
    if (family === undefined) return null
    return [
      ...new Set(family.samples.filter(({ name }) => name === metric).flatMap(({ labels }) => Object.keys(labels))),
    ]
  }

  it('name only metrics and labels that /metrics has', () => {
    const queries = expressions.flatMap(queriesIn)
    expect(queries.length).toBeGreaterThan(50)
    for (const { metric, labels } of queries) {
      const known = labelsOf(metric)
      expect(known, metric).not.toBeNull()
      for (const label of labels.filter(each => each !== 'job')) expect(known, `${metric}{${label}}`).toContain(label)
    }
    expect(labelsOf('pinwheel_nothing')).toBeNull()
    expect(queriesIn('sum by (le) (rate(a_total{job="x",reason="y"}[5m])) > 0')).toEqual([
      { metric: 'a_total', labels: ['job', 'reason'] },
    ])
  })

  it('show every metric of experiments, store and webhooks', () => {
    const shown = expressions.join('\n')
    const hidden = new Set(['pinwheel_snapshot_number', 'pinwheel_build_info'])
    for (const name of families.keys()) {
      if (!name.startsWith('pinwheel_') || hidden.has(name)) continue
      expect(shown, name).toContain(name)
    }
  })

  it('is a dashboard whose panels have their own places and names', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const one of panels) {
      expect(one.title).toMatch(/\S/)
      expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24)
      if (one.type !== 'row') expect(one.targets?.length).toBeGreaterThan(0)
      for (const other of panels) {
        const [a, b] = [one.gridPos, other.gridPos]
        const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
        expect(one === other || isApart, `${one.title} and ${other.title}`).toBe(true)
      }
    }
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'experiment'])
  })

  it('are valid Prometheus rules, each with a name, a severity and a sentence', () => {
    expect([...rules.errors, ...rules.warnings]).toEqual([])
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
    for (const { alert, expr, labels, annotations, ...rule } of alerts) {
      expect(alert).toMatch(/^Pinwheel[A-Za-z]+$/)
      expect([...expr].filter(each => each === '(').length).toBe([...expr].filter(each => each === ')').length)
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary).toMatch(/\S/)
      if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[smh]$/)
    }
  })
})
