import type { PolicyKind } from './kind.ts'

/**
 * Thompson sampling over a linear model of each arm (stats/context/frozen-rule.ts): its shares are
 * a rule that looks at the unit's context, so it weighs no list of posteriors.
 */
export const contextual = {
  type: 'contextual',
  label: 'contextual: by P(best) for each unit',
  summary: 'each arm gets its probability of being best for the unit’s context; needs `features`',
  weigh: null,
  hasWeights: false,
  readsContext: true,
} as const satisfies PolicyKind
