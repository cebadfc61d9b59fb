import { describe, expect, it } from 'vitest'
import { encode } from '../../../src/bandit/features/encode.ts'
import { dimensionOf } from '../../../src/bandit/features/feature.ts'
import { completeFeature } from '../../../src/bandit/features/feature-input.ts'
import type { KeptValue } from '../../../src/bandit/features/keep-context.ts'
import { type ContextBatch, missingShares } from '../../../src/bandit/features/missing.ts'
import { ContextSums } from '../../../src/stats/context/moments.ts'

const FEATURES = [
  completeFeature({ key: 'channel', type: 'categorical', levels: ['web', 'phone'] }),
  completeFeature({ key: 'recency', type: 'numeric', range: [0, 10] }),
  completeFeature({ key: 'member', type: 'boolean' }),
  completeFeature({ key: 'city', type: 'hashed', buckets: 3 }),
]

function batchOf(contexts: readonly (readonly KeptValue[])[], features = FEATURES): ContextBatch {
  const sums = new ContextSums(dimensionOf(features))
  for (const kept of contexts) sums.add(encode(features, kept))
  return { units: contexts.length, xx: sums.values() }
}

const THERE = [0, 4, false, 2] as const
const times = (count: number, kept: readonly KeptValue[]) => Array.from({ length: count }, () => kept)

describe('missingShares()', () => {
  it('counts what is missing of each type, from the moments', () => {
    const batch = batchOf([...times(80, THERE), ...times(10, [null, 4, null, 2]), ...times(10, [1, null, true, null])])
    expect(missingShares(FEATURES, [batch]).map(({ missing }) => missing)).toEqual([0.1, 0.1, 0.1, 0.1])
  })

  it('warns above a fifth, and where the last tenth has twice the first', () => {
    const start = batchOf([...times(98, THERE), ...times(2, [0, null, true, 1])])
    const middle = batchOf(times(800, THERE))
    const end = batchOf([...times(95, THERE), ...times(5, [null, null, true, 1])])
    const warnings = missingShares(FEATURES, [start, middle, end]).map(({ feature, warning }) => [feature, warning])
    expect(warnings).toEqual([
      ['channel', 'rising'],
      ['recency', 'rising'],
      ['member', null],
      ['city', null],
    ])
    const many = missingShares(FEATURES, [batchOf([...times(70, THERE), ...times(30, [0, 4, null, 1])])])
    expect(many[2]).toEqual({ feature: 'member', missing: 0.3, warning: 'many' })
  })

  it('takes units from before a feature was appended for missing it, and leaves retired ones out', () => {
    const appended = completeFeature({ key: 'age', type: 'numeric', range: [0, 99] })
    const features = [...FEATURES.map(feature => ({ ...feature, retired: true })), appended]
    const after = batchOf(times(300, [...THERE, 40]), features)
    expect(missingShares(features, [batchOf(times(100, THERE)), after])).toEqual([
      { feature: 'age', missing: 0.25, warning: 'many' },
    ])
    expect(missingShares(FEATURES, [])).toHaveLength(4)
  })
})
