import { probabilityBest } from '../../stats/belief/best-arm.ts'
import type { PolicyKind } from './kind.ts'

/**
 * Exploration sampling (Kasy & Sautmann 2021, Econometrica 89, eq. 5): `w ∝ q (1 − q)`, which
 * spends no more than half on any arm and finds the best one fastest. `1 − q` as the sum of the
 * others' q, since a subtraction would lose it all where q is near one.
 */
export const exploration = {
  type: 'exploration',
  label: 'exploration: find the best',
  summary: 'looks for the best arm as fast as it can',
  weigh: (posteriors, goal) => {
    const best = probabilityBest(posteriors, goal)
    if (Math.max(...best) > 1 - 1e-6) return best
    const weights = best.map((q, arm) => q * best.reduce((sum, other, b) => (b === arm ? sum : sum + other), 0))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  },
  hasWeights: false,
} as const satisfies PolicyKind
