import { betaPosterior } from '../../stats/belief/posterior.ts'
import type { MetricKind } from './kind.ts'

/** A rate: 1 for a unit whose rewards sum to more than 0. Its posterior is a Beta distribution. */
export const binary = {
  type: 'binary',
  summary: 'did it happen to the unit?',
  isShare: true,
  hasRange: false,
  outcomeOf: total => (total > 0 ? 1 : 0),
  posteriorsOf: (counts, prior) => counts.map(tally => betaPosterior(tally, prior)),
} as const satisfies MetricKind
