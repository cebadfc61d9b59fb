import { probabilityBest } from '../../stats/belief/best-arm.ts'
import type { PolicyKind } from './kind.ts'

/**
 * Thompson sampling (Thompson 1933, Biometrika 25): an arm's weight is its probability of being
 * best.
 */
export const thompson = {
  type: 'thompson',
  label: 'thompson: by P(best)',
  summary: 'each arm gets its probability of being best',
  weigh: probabilityBest,
  hasWeights: false,
} as const satisfies PolicyKind
