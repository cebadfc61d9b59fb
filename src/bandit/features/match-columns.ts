// How an earlier experiment's columns become those of a new one, so that a policy can start warm.
import type { ColumnSource } from '../../stats/context/moments.ts'
import { missingColumns } from './encode.ts'
import { columnCount, type Feature } from './feature.ts'

/**
 * For each column of the new experiment, the earlier one's that it is, where a feature has the same
 * key and is encoded alike; else the value that it has for a unit that is missing the feature.
 */
export function matchColumns(earlier: readonly Feature[], now: readonly Feature[]): ColumnSource[] {
  const firstColumns = new Map<string, number>()
  let next = 1
  for (const feature of earlier) {
    firstColumns.set(encodingOf(feature), next)
    next += columnCount(feature)
  }
  const sources = now.flatMap(feature => {
    const first = firstColumns.get(encodingOf(feature))
    const missing = missingColumns([feature])
    return Array.from(missing, (constant, place): ColumnSource => {
      return first === undefined ? { column: 0, factor: constant } : { column: first + place, factor: 1 }
    })
  })
  return [{ column: 0, factor: 1 }, ...sources]
}

/** What the encoding of a feature depends on. */
function encodingOf(feature: Feature): string {
  const { key, type } = feature
  switch (feature.type) {
    case 'numeric':
      return JSON.stringify([key, type, feature.range, feature.scale])
    case 'boolean':
      return JSON.stringify([key, type])
    case 'categorical':
      return JSON.stringify([key, type, feature.levels])
    case 'hashed':
      return JSON.stringify([key, type, feature.buckets])
  }
}
