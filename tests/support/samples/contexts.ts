// Golden and seeded units with features, for the tests of stats/context.
import { addToPairs, type ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { type ArmMoments, ContextSums, OutcomeSums } from '../../../src/stats/context/moments.ts'
import { PairedScores } from '../../../src/stats/lift/paired-scores.ts'

/** As in the golden files: arm, x, outcome. */
export type GoldenUnit = readonly [arm: number, x: readonly number[], outcome: number]

/** The moments of each arm's units, put in one by one. */
export function momentsOf(units: readonly GoldenUnit[], arms: number, dimension: number): ArmMoments[] {
  const contexts = Array.from({ length: arms }, () => new ContextSums(dimension))
  const outcomes = Array.from({ length: arms }, () => new OutcomeSums(dimension))
  for (const [arm, x, outcome] of units) {
    const row = Float64Array.from(x)
    contexts[arm]?.add(row)
    outcomes[arm]?.add(row, outcome)
  }
  return contexts.map((context, arm) => ({
    xx: context.values(),
    ...(outcomes[arm] as OutcomeSums).values(),
  }))
}

/** A unit's x with `dimension` entries: 1, then values in [−1, 1). */
export function randomContext(random: () => number, dimension: number): number[] {
  return Array.from({ length: dimension }, (_, place) => (place === 0 ? 1 : 2 * random() - 1))
}

/** The scores of an arm and the control over these batches. */
export function pairOver(batches: readonly ScoredBatch[], arm: number, control: number): PairedScores {
  const pair = new PairedScores(arm, control)
  const pairs = Array.from({ length: arm + 1 }, (_, place) => (place === arm ? pair : null))
  for (const batch of batches) addToPairs(pairs, batch, control)
  return pair
}
