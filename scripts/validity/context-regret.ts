// What a contextual policy loses while it learns, in worlds of eight features and three arms.
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { type ContextWorld, contextDefinition, playContexts } from './context-play.ts'

/** Outcomes lost in 1,000 units, each unit compared with the best arm of its context. */
export interface Regret {
  readonly contextual: number
  /** The standard error over the runs. */
  readonly error: number
  /** Of equal shares, and of giving everybody the arm that is best on average. */
  readonly neverLearning: number
  readonly bestSingleArm: number
}

export interface RegretWorld {
  readonly name: string
  readonly rateOf: (arm: number, signs: readonly number[]) => number
}

const ARMS = 3
const FEATURES = 8
export const REGRET_UNITS = 20_000

/** How features act: on the rate, on its logit, not at all. */
export function regretWorlds(): RegretWorld[] {
  const slopes = slopesOfEachArm(seededChance(1))
  const features = (arm: number, signs: readonly number[]) =>
    signs.reduce((sum, sign, place) => sum + sign * (slopes[arm]?.[place] as number), 0)
  return [
    { name: 'linear', rateOf: (arm, signs) => 0.12 + 0.0083 * (arm - 1) + 0.0108 * features(arm, signs) },
    {
      name: 'logistic',
      rateOf: (arm, signs) => 1 / (1 + Math.exp(2 - 0.165 * (arm - 1) - 0.258 * features(arm, signs))),
    },
    { name: 'useless', rateOf: arm => 0.12 + 0.01 * (arm - 1) },
  ]
}

/** Runs of the policy with a learned shrinkage and exploration 0.1, none of it reserved. */
export function regretOf({ rateOf }: RegretWorld, runs: number, seed: number, shrinkage: number | null = null): Regret {
  const world: ContextWorld = {
    units: REGRET_UNITS,
    meanOf: rateOf,
    sd: null,
    definition: contextDefinition({
      ...{ arms: ARMS, features: FEATURES, segments: 0, isContinuous: false },
      ...{ exploration: 0.1, controlShare: null, shrinkage },
    }),
  }
  const lost = Array.from({ length: runs }, (_, run) => lostIn(world, seededChance(seed, run)))
  const mean = lost.reduce((sum, each) => sum + each, 0) / runs
  const variance = lost.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (runs - 1)
  return { contextual: mean, error: Math.sqrt(variance / runs), ...withoutContext(rateOf) }
}

function lostIn(world: ContextWorld, chance: Chance): number {
  let lost = 0
  for (const { expectedOfBest, expectedOfPolicy } of playContexts(world, chance))
    lost += expectedOfBest - expectedOfPolicy
  return (1_000 * lost) / world.units
}

function withoutContext(rateOf: RegretWorld['rateOf']): Pick<Regret, 'neverLearning' | 'bestSingleArm'> {
  const contexts = 2 ** FEATURES
  const means = new Array<number>(ARMS).fill(0)
  let best = 0
  for (let number = 0; number < contexts; number++) {
    const signs = Array.from({ length: FEATURES }, (_, place) => ((number & (1 << place)) === 0 ? -1 : 1))
    const rates = means.map((_, arm) => rateOf(arm, signs))
    best += (1_000 * Math.max(...rates)) / contexts
    rates.forEach((rate, arm) => {
      means[arm] = (means[arm] as number) + (1_000 * rate) / contexts
    })
  }
  return {
    neverLearning: best - means.reduce((sum, mean) => sum + mean, 0) / ARMS,
    bestSingleArm: best - Math.max(...means),
  }
}

/** Standard Normal draws. */
function slopesOfEachArm(chance: Chance): number[][] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
  return Array.from({ length: ARMS }, () => Array.from({ length: FEATURES }, normal))
}
