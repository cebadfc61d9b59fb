// A real experiment as a replay needs it: its definition, and the outcomes of the units of each
// arm.
import { shuffler } from 'd3-array'
import type { DefinitionInput } from '../../bandit/experiment/definition-input.ts'
import { seededChance } from '../../stats/numerics/chance.ts'

export interface Recording {
  /** Names the units (`hillstrom-000017`) and, where no other name is given, the experiment. */
  readonly name: string
  readonly definition: Omit<DefinitionInput, 'key' | 'policy'>
  /** By the key of the arm, in the order in which they are used. */
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>
  /** How many units are assigned at once, before the rewards of any of them are sent. */
  readonly inFlight: number
}

export interface Outcome {
  /** Empty where nothing happened. */
  readonly rewards: readonly { readonly metric: string; readonly value: number }[]
}

export const NOTHING: Outcome = Object.freeze({ rewards: [] })

/** The names of the first `count` units, from 1. */
export function unitNames({ name }: Pick<Recording, 'name'>, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${String(index + 1).padStart(6, '0')}`)
}

/** How many outcomes all arms have: no replay can be longer. */
export function outcomesIn({ outcomes }: Pick<Recording, 'outcomes'>): number {
  return [...outcomes.values()].reduce((total, ofArm) => total + ofArm.length, 0)
}

/**
 * The recording with the outcomes of each arm in an order of their own, which the seed decides. Its
 * description names the seed.
 */
export function shuffleOutcomes<Kind extends Recording>(recording: Kind, seed: number): Kind {
  const { definition, outcomes } = recording
  const shuffled = [...outcomes].map(
    ([arm, ofArm], position) => [arm, shuffler(seededChance(seed, position))([...ofArm])] as const,
  )
  const description = `${definition.description}; shuffled by seed ${seed}`
  return { ...recording, definition: { ...definition, description }, outcomes: new Map(shuffled) }
}
