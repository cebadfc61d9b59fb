// What happened, and is never taken back: a unit was given an arm; a reward came in for a unit.

/** An arm given to a unit, kept for ever. */
export interface Assignment {
  readonly unit: string
  /** The arm's position in the experiment. */
  readonly arm: number
  /** The probability with which this arm was drawn: the very number that the draw was compared with. */
  readonly propensity: number
  readonly snapshot: number
  /** An instant, ms since 1970. */
  readonly assignedAt: number
}

/** A reward as it arrives: something happened to a unit. */
export interface Reward {
  readonly unit: string
  readonly metric: string
  readonly value: number
  /** The one experiment that it is meant for; without it, all that have this unit and metric. */
  readonly experiment?: string
  /** Makes the event idempotent for the metric. */
  readonly id?: string
  /** When it happened, ms since 1970; without it, now. */
  readonly at?: number
}

/** `recorded`: counted. `duplicate`: its id was seen before. `unassigned`: no experiment has the unit. `late`: stored, not counted. */
export type RewardStatus = 'recorded' | 'duplicate' | 'unassigned' | 'late'

/** What a store tells of a reward. `clipped`: recorded, and the unit's total then lies outside the metric's range. */
export type StoredRewardStatus = RewardStatus | 'clipped'

export const UNIT_MAX_CHARACTERS = 256

/** What is wrong with a unit's name, or null. Any text of 1 to 256 characters will do, except NUL and lone surrogates. */
export function unitFault(unit: unknown): string | null {
  return nameFault(unit, 'unit')
}

/** As for a unit: 1 to 256 characters, no NUL, well-formed. `what` names it in the message. */
export function nameFault(name: unknown, what: string): string | null {
  if (typeof name !== 'string') return `${what} must be a string, not ${name === null ? 'null' : typeof name}`
  if (name === '') return `${what} must not be empty`
  if (name.length > UNIT_MAX_CHARACTERS && [...name].length > UNIT_MAX_CHARACTERS) {
    return `${what} must have at most ${UNIT_MAX_CHARACTERS} characters`
  }
  if (name.includes('\0')) return `${what} must not contain NUL characters`
  if (!name.isWellFormed()) return `${what} must be well-formed Unicode, without lone surrogates`
  return null
}
