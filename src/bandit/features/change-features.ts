// How features may change while an experiment runs: appended and retired, nothing else. Units that
// came before a feature count as missing it.
import type { Fault } from '../errors.ts'
import type { Feature } from './feature.ts'

/**
 * What is wrong with new features in the place of those that a running experiment has. They keep
 * their order, types, levels, ranges and buckets; new ones come after them, without segments, whose
 * number is counted from the start.
 */
export function featureChangeFaults(before: readonly Feature[], after: readonly Feature[]): Fault[] {
  return [
    ...before.flatMap((feature, place) => keptFaults(feature, after, place)),
    ...after.flatMap((feature, place) => appendedFaults(feature, before, place)),
  ]
}

function keptFaults(feature: Feature, after: readonly Feature[], place: number): Fault[] {
  const { key } = feature
  const found = after.findIndex(other => other.key === key)
  const next = after[found]
  if (next === undefined) {
    const message = `the feature "${key}" is part of what was learned and cannot be taken out; to ignore it from now on, set "retired": true`
    return [{ path: 'features', message }]
  }
  if (found !== place) {
    return [{ path: `features[${found}]`, message: `"${key}" must keep its place, ${place}; append new features` }]
  }
  if (feature.retired && !next.retired) {
    return [{ path: `features[${place}].retired`, message: `"${key}" was retired; append a new feature instead` }]
  }
  const frozen = new Map(Object.entries(feature))
  return Object.entries(next).flatMap(([field, value]) => {
    if (field === 'retired' || JSON.stringify(frozen.get(field)) === JSON.stringify(value)) return []
    const message = `is frozen at ${JSON.stringify(frozen.get(field))} since the experiment was started; append a new feature instead`
    return [{ path: `features[${place}].${field}`, message }]
  })
}

function appendedFaults(feature: Feature, before: readonly Feature[], place: number): Fault[] {
  if (before.some(({ key }) => key === feature.key)) return []
  if (!('segment' in feature && feature.segment)) return []
  return [{ path: `features[${place}].segment`, message: 'cannot be set once the experiment was started' }]
}
