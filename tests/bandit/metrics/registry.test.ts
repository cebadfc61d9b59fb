import { describe, expect, it } from 'vitest'
import { completeDefinition, definitionFaults } from '../../../src/bandit/experiment/definition-input.ts'
import { outcomeOf } from '../../../src/bandit/metrics/outcome.ts'
import { hasRange, kindOf, METRIC_KINDS, METRIC_TYPES } from '../../../src/bandit/metrics/registry.ts'
import { classicalPlan } from '../../../src/bandit/report/classical-plan.ts'
import { BLANK_FORM } from '../../../src/http/input/definition-form.ts'
import { definitionSchema } from '../../../src/http/input/definition-schema.ts'
import { openApiDocument } from '../../../src/http/openapi.ts'
import { createPage } from '../../../src/views/html/create-page.ts'

const definitionOf = (type: (typeof METRIC_TYPES)[number]) => ({
  key: 'x',
  arms: [{ key: 'a' }, { key: 'b' }],
  metrics: [{ key: 'm', type, role: 'primary', ...(hasRange(type) && { range: [0, 10] as const }) }] as const,
})

describe('the registry of metric types', () => {
  it('has each type once, and knows no other', () => {
    expect(METRIC_TYPES).toEqual(['binary', 'continuous'])
    expect(hasRange('nothing') || hasRange(null)).toBe(false)
  })

  it('is what the schema, the document, the form and new definitions know', () => {
    const document = JSON.stringify(openApiDocument())
    const assets = { style: '', script: '', icon: '' }
    const viewer = { name: '', canAct: true, isSignedIn: false }
    const form = createPage({ form: BLANK_FORM, faults: [], focus: null, command: '', assets, viewer })
    for (const { type, summary } of METRIC_KINDS) {
      expect(document).toContain(JSON.stringify(`\`${type}\`: ${summary}`).slice(1, -1))
      expect(form).toContain(`<option value="${type}"`)
      expect(definitionSchema.safeParse(definitionOf(type)).success).toBe(true)
      expect(definitionFaults(definitionOf(type))).toEqual([])
      expect(completeDefinition(definitionOf(type)).metrics[0]?.type).toBe(type)
    }
  })
})

describe.each(METRIC_TYPES)('%s', type => {
  const definition = completeDefinition(definitionOf(type))
  const [metric] = definition.metrics as [(typeof definition.metrics)[number]]

  it('outcomeOf() lies in the range of the metric', () => {
    for (const total of [-1e12, -1, 0, 0.5, 1, 1e12]) {
      expect(outcomeOf(metric, total)).toBeGreaterThanOrEqual(metric.range[0])
      expect(outcomeOf(metric, total)).toBeLessThanOrEqual(metric.range[1])
    }
  })

  it('posteriorsOf() believes in a better arm that showed more, and a classical plan has units', () => {
    const outcomes = (mean: number) => ({ units: 1_000, sum: 1_000 * mean, sumOfSquares: 1_000 * mean })
    const posteriors = kindOf(metric).posteriorsOf([outcomes(0.1), outcomes(0.2)], definition.policy.prior)
    expect(posteriors).toHaveLength(2)
    expect(
      classicalPlan(definition, metric)
        .units.flat()
        .every(units => units === null || units > 0),
    ).toBe(true)
  })
})
