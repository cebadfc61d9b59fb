import { normalPosteriors } from '../../stats/belief/posterior.ts'
import type { MetricKind } from './kind.ts'

/**
 * A sum of values, clipped to the range. Its posterior has no parameters; there is none while the
 * outcomes show too little, or no, variation.
 */
export const continuous = {
  type: 'continuous',
  summary: 'the sum of the unit’s values, clipped to `range`.',
  isShare: false,
  hasRange: true,
  outcomeOf: (total, [lowest, highest]) => Math.min(highest, Math.max(lowest, total)),
  posteriorsOf: counts => {
    const learned = normalPosteriors(counts)
    return learned.known ? learned.posteriors : null
  },
} as const satisfies MetricKind
