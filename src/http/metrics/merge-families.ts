// Metrics of several processes that share an address, as those of one service. Counters and
// histograms are sums; a gauge says itself what several come to.
import type { Family, Sample } from './exposition.ts'

const RULES = {
  sum: (one: number, other: number) => one + other,
  max: Math.max,
  min: Math.min,
} as const satisfies Record<NonNullable<Family['across']>, (one: number, other: number) => number>

/**
 * One family for each name, in the order of their coming, and in it one sample for the same labels.
 */
export function mergeFamilies(...lists: readonly (readonly Family[])[]): Family[] {
  const byName = Map.groupBy(lists.flat(), ({ name }) => name)
  return [...byName.values()].map(families => ({ ...(families[0] as Family), samples: mergeSamples(families) }))
}

function mergeSamples(families: readonly Family[]): Sample[] {
  const { type, across } = families[0] as Family
  const rule = across ?? (type === 'gauge' ? null : 'sum')
  if (rule === null) return [...(families[0] as Family).samples]
  const merged = new Map<string, Sample>()
  for (const sample of families.flatMap(({ samples }) => samples)) {
    const identity = JSON.stringify([sample.suffix, sample.labels])
    const before = merged.get(identity)
    merged.set(identity, before === undefined ? sample : { ...sample, value: RULES[rule](before.value, sample.value) })
  }
  return [...merged.values()]
}
