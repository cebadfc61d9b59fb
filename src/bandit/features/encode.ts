// From what is kept of a context to the row of numbers that a policy reads: x, which begins with 1
// and then has the columns of each feature in their order. Features are only ever appended, so the
// columns of an older snapshot are the first ones of a newer one.
import { columnCount, dimensionOf, type Feature } from './feature.ts'
import type { KeptValue } from './keep-context.ts'

/**
 * x of what is kept. With z the value on [−1, 1], `2(v − lo)/(hi − lo) − 1`, or on a log scale
 * `2 log1p(v − lo)/log1p(hi − lo) − 1`:
 *
 *     numeric        z, 0                                missing: 0, 1
 *     boolean        1 or −1                             missing: 0
 *     categorical    one a level, one for the rest       the one that holds is 1
 *     hashed         one a bucket                        the one that holds is 1; missing: none
 *
 * `kept` may be shorter than the features: units that came before a feature was appended are
 * missing it. Against an independent implementation: 1e-9 (tests/golden/context/encode.json).
 */
export function encode(features: readonly Feature[], kept: readonly KeptValue[], dimension = dimensionOf(features)) {
  const x = new Float64Array(dimension)
  x[0] = 1
  let column = 1
  for (let place = 0; place < features.length && column < dimension; place++) {
    const feature = features[place] as Feature
    write(feature, kept[place] ?? null, x, column)
    column += columnCount(feature)
  }
  return x
}

/** The values of the columns of these appended features for a unit that is missing them. */
export function missingColumns(features: readonly Feature[]): Float64Array {
  return encode(features, []).subarray(1)
}

function write(feature: Feature, kept: KeptValue, x: Float64Array, column: number): void {
  switch (feature.type) {
    case 'numeric':
      if (typeof kept === 'number') x[column] = scaled(kept, feature)
      else x[column + 1] = 1
      return
    case 'boolean':
      if (kept !== null) x[column] = kept ? 1 : -1
      return
    case 'categorical':
      x[column + (typeof kept === 'number' ? kept : feature.levels.length)] = 1
      return
    case 'hashed':
      if (typeof kept === 'number') x[column + kept] = 1
  }
}

function scaled(value: number, feature: Extract<Feature, { type: 'numeric' }>): number {
  const [lo, hi] = feature.range
  if (feature.scale === 'linear') return (2 * (value - lo)) / (hi - lo) - 1
  return (2 * Math.log1p(value - lo)) / Math.log1p(hi - lo) - 1
}
