import { describe, expect, it } from 'vitest'
import type { Family } from '../../../src/http/metrics/exposition.ts'
import { Histogram } from '../../../src/http/metrics/histogram.ts'
import { mergeFamilies } from '../../../src/http/metrics/merge-families.ts'

const family = (name: string, changes: Partial<Family>): Family => ({
  name,
  type: 'gauge',
  help: 'h',
  samples: [],
  ...changes,
})

describe('mergeFamilies()', () => {
  it('sums counters by their labels, and keeps what one alone has', () => {
    const counter = (name: string, counts: Record<string, number>) =>
      family(name, {
        type: 'counter',
        samples: Object.entries(counts).map(([arm, value]) => ({ labels: { arm }, value })),
      })
    expect(
      mergeFamilies([counter('a', { x: 1, y: 2 })], [counter('a', { y: 3, z: 4 }), counter('b', { x: 5 })]),
    ).toEqual([counter('a', { x: 1, y: 5, z: 4 }), counter('b', { x: 5 })])
  })

  it('sums histograms bucket by bucket', () => {
    const of = (...seconds: number[]) => {
      const histogram = new Histogram()
      for (const each of seconds) histogram.observe(each)
      return [family('a', { type: 'histogram', samples: histogram.samples({ route: '/' }) })]
    }
    expect(mergeFamilies(of(0.25, 4), of(0.5), of())).toEqual(of(0.25, 4, 0.5))
  })

  it('takes of gauges what they say, and else those of the first', () => {
    const gauge = (value: number, across?: Family['across']) =>
      family(across ?? 'own', { samples: [{ value }], ...(across && { across }) })
    const rules = [undefined, 'sum', 'max', 'min'] as const
    const merged = mergeFamilies(...[2, 3, 1].map(value => rules.map(rule => gauge(value, rule))))
    expect(merged.map(({ samples }) => samples)).toEqual([2, 6, 3, 1].map(value => [{ value }]))
  })

  it('changes nothing that it was given', () => {
    const given = [family('a', { type: 'counter', samples: [{ value: 1 }] })]
    mergeFamilies(given, given)
    expect(given[0]?.samples).toEqual([{ value: 1 }])
  })
})
