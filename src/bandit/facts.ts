// What happened, and is never taken back: a unit was given an arm; a reward came in for a unit.

/** An arm given to a unit, kept for ever. */
export interface Assignment {
  readonly unit: string
  /** The arm's position in the experiment. */
  readonly arm: number
  /**
   * The probability with which this arm was drawn: the very number that the draw was compared with.
   */
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

/**
 * `recorded`: counted. `duplicate`: its id was seen before. `unassigned`: no experiment has the
 * unit. `late`: stored, not counted.
 */
export type RewardStatus = 'recorded' | 'duplicate' | 'unassigned' | 'late'

/**
 * What a store tells of a reward. `clipped`: recorded, and the unit's total then lies outside the
 * metric's range.
 */
export type StoredRewardStatus = RewardStatus | 'clipped'

export const UNIT_MAX_CHARACTERS = 256

/**
 * What is wrong with a unit as it was sent, or null. A unit is a name (see `nameFault`) or a whole
 * number within ±(2⁵³ − 1), which stands for its digits. Beyond that, JSON has rounded the number,
 * and two units would be one. `what` names it in the message.
 */
export function unitFault(unit: unknown, what: string): string | null {
  if (unit === undefined) return `${what} is missing`
  if (typeof unit === 'string') return nameFault(unit, what)
  if (Number.isSafeInteger(unit)) return null
  if (Number.isInteger(unit))
    return `${what} must be a string: beyond ±(2^53 - 1) JSON rounds numbers, and it may be another unit`
  const given = unit === null || typeof unit === 'number' ? String(unit) : typeof unit
  return `${what} must be a string or a whole number, not ${given}`
}

/** The unit that was sent: 17 is "17". It has no `unitFault`. */
export function unitIn(sent: string | number): string {
  return typeof sent === 'number' ? String(sent) : sent
}

/**
 * What is wrong with a name, or null: 1 to 256 characters, no NUL, no lone surrogates. `what` names
 * it in the message.
 */
export function nameFault(name: unknown, what: string): string | null {
  if (name === undefined) return `${what} is missing`
  if (typeof name !== 'string') return `${what} must be a string, not ${name === null ? 'null' : typeof name}`
  if (name === '') return `${what} must not be empty`
  if (name.length > UNIT_MAX_CHARACTERS && [...name].length > UNIT_MAX_CHARACTERS) {
    return `${what} must have at most ${UNIT_MAX_CHARACTERS} characters`
  }
  if (name.includes('\0')) return `${what} must not contain NUL characters`
  if (!name.isWellFormed()) return `${what} must be well-formed Unicode, without lone surrogates`
  return null
}
