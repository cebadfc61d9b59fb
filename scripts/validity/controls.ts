// What many reports go by, and what must fail where Pinwheel's intervals hold: the plain 95 %
// interval looked at again and again, and the rule "stop when P(best) is 0.95".
import type { SimulationDesign } from '../../src/simulation/design.ts'
import { probabilityBest } from '../../src/stats/belief/best-arm.ts'
import { betaPosterior, normalPosteriors } from '../../src/stats/belief/posterior.ts'
import type { Tally } from '../../src/stats/tally.ts'

/** Whether any arm's difference of plain means is over 1.96 standard errors away from 0. */
export function naiveIntervalCalls(tallies: readonly Tally[], control: number): boolean {
  const base = plainMean(tallies[control])
  return tallies.some((tally, arm) => {
    const own = plainMean(tally)
    if (arm === control || own === null || base === null) return false
    return Math.abs(own.mean - base.mean) > 1.96 * Math.sqrt(own.squaredError + base.squaredError)
  })
}

/** Whether any arm's P(best), from plainly pooled counts, has reached 0.95. */
export function pooledBeliefCalls(tallies: readonly Tally[], { metric, definition }: SimulationDesign): boolean {
  if (metric.type === 'binary') {
    const posteriors = tallies.map(tally => betaPosterior(tally, definition.policy.prior))
    return Math.max(...probabilityBest(posteriors, metric.goal)) >= 0.95
  }
  const learned = normalPosteriors(tallies)
  return learned.known && Math.max(...probabilityBest(learned.posteriors, metric.goal)) >= 0.95
}

/** null while it has no spread that one could compute with. */
function plainMean(tally: Tally | undefined): { mean: number; squaredError: number } | null {
  if (tally === undefined || tally.units < 2) return null
  const mean = tally.sum / tally.units
  const variance = (tally.sumOfSquares - tally.units * mean ** 2) / (tally.units - 1)
  return variance > 1e-12 * mean ** 2 ? { mean, squaredError: variance / tally.units } : null
}
