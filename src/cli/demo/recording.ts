// A real experiment as a replay needs it: how to set it up, and what happened to the units of each
// arm, outcome by outcome.
import type { DefinitionInput } from '../../bandit/experiment/definition-input.ts'

export interface Recording {
  /** Names the units (`hillstrom-000017`) and, where no other name is given, the experiment. */
  readonly name: string
  readonly definition: Omit<DefinitionInput, 'key' | 'policy'>
  /** What happened to the units of each arm, by its key, in the order of dealing. */
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>
  /**
   * When units arrive and how fast time passes; null: they arrive as fast as the service answers.
   */
  readonly calendar: Calendar | null
  /** The number of units that may wait for their arm or their reward at once. */
  readonly inFlight: number
}

export interface Outcome {
  /** Empty where nothing happened. */
  readonly rewards: readonly { readonly metric: string; readonly value: number }[]
  /**
   * Days from the assignment to the rewards; negative where they are dated before it. 0 without a
   * calendar.
   */
  readonly delayDays: number
  /** The day of its own assignment, in the calendar's days. 0 without a calendar. */
  readonly day: number
}

export interface Calendar {
  /** The day of each next unit, from 0, ascending. */
  readonly days: readonly number[]
  /** The duration of a day of the recording, in milliseconds. */
  readonly dayMs: number
  /**
   * Units get only outcomes of their own day; else the next unused one of their arm, of whatever
   * day.
   */
  readonly isSameDay: boolean
}

export const NOTHING: Outcome = Object.freeze({ rewards: [], delayDays: 0, day: 0 })

/** The names of the first `count` units, from 1. */
export function unitNames({ name }: Pick<Recording, 'name'>, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${String(index + 1).padStart(6, '0')}`)
}

/** How many outcomes there are over all arms: no replay can be longer. */
export function outcomesIn({ outcomes }: Pick<Recording, 'outcomes'>): number {
  return [...outcomes.values()].reduce((total, ofArm) => total + ofArm.length, 0)
}
