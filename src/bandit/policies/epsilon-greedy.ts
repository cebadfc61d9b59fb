import { posteriorMean } from '../../stats/belief/posterior.ts'
import type { PolicyKind } from './kind.ts'

/**
 * Epsilon-greedy (Sutton & Barto 2018, Reinforcement Learning, 2.2): all of the weight is on the
 * arm with the best posterior mean, or shared evenly by those that have it alike; exploration is
 * the ε.
 */
export const epsilonGreedy = {
  type: 'epsilon-greedy',
  label: 'epsilon-greedy: all to the best mean',
  summary: 'all but `exploration` goes to the arm with the best mean so far',
  weigh: (posteriors, goal) => {
    const means = posteriors.map(posteriorMean)
    const best = goal === 'increase' ? Math.max(...means) : Math.min(...means)
    const count = means.filter(mean => mean === best).length
    return means.map(mean => (mean === best ? 1 / count : 0))
  },
  hasWeights: false,
} as const satisfies PolicyKind
