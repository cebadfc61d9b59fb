// Checks the small bodies of the hot routes by hand, field by field, and names every fault at once.
import { BanditError, type Fault } from '../../bandit/errors.ts'
import { nameFault, unitFault } from '../../bandit/facts.ts'
import { counted } from '../../bandit/wording.ts'

/** An answer names at most so many faults; of the others it tells how many they are. */
const MAX_FAULTS = 100

/**
 * What a sender may choose, as the name of a field, is told in so many characters; what is right
 * instead, in so many more.
 */
const MAX_PATH = 200
const MAX_MESSAGE = 1_000

/** What is wrong with a value (undefined when the field is absent), or null. */
type FieldRule = (value: unknown) => string | null

export type FieldRules = Readonly<Record<string, FieldRule>>

/** The faults of an object against the rules of its fields; a field without a rule is unknown. */
export function fieldFaults(body: unknown, rules: FieldRules): Fault[] {
  if (!isObject(body)) {
    return [{ path: '', message: `must be an object with ${fieldsTold(Object.keys(rules))}` }]
  }
  const unknown = unknownField(Object.keys(rules))
  const faults: Fault[] = []
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(rules, name)) faults.push({ path: name, message: unknown })
  }
  for (const name of Object.keys(rules)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    const message = rules[name]?.(value) ?? null
    if (message !== null) faults.push({ path: name, message: missingOr(value, message) })
  }
  return faults
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is wrong with a field: that it is not there, or else what is wrong with its value. */
export function missingOr(value: unknown, message: string): string {
  return value === undefined ? 'is missing' : message
}

/** The rule of a field with a unit; the message leaves the name to the path before it. */
export function unitRule(value: unknown): string | null {
  return unitFault(value, 'unit')?.slice('unit '.length) ?? null
}

/** The rule of a field with an id. */
export function nameRule(value: unknown): string | null {
  return nameFault(value, 'name')?.slice('name '.length) ?? null
}

/** The rule of a field that takes any JSON. */
export function anyRule(): null {
  return null
}

/** The rule of a field of a form that may be left out. */
export function textRule(value: unknown): string | null {
  return value === undefined || typeof value === 'string' ? null : 'must be text'
}

export function unknownField(known: readonly string[]): string {
  return known.length === 0 ? 'is unknown; no field is allowed here' : `is unknown; allowed: ${known.join(', ')}`
}

function fieldsTold(names: readonly string[]): string {
  return names.length === 0 ? 'no fields' : `the fields ${names.join(', ')}`
}

/** @throws BanditError `invalid_request` when there are faults */
export function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return
  const { text, named } = new FaultNames().name(faults, 'the body')
  throw new BanditError('invalid_request', `The request is not valid: ${text}`, named)
}

/** Names the faults of one call, until it has named `MAX_FAULTS`. */
export class FaultNames {
  #left = MAX_FAULTS

  /** Nothing more is named; a sentence then tells no more than how many faults there are. */
  get isSpent(): boolean {
    return this.#left === 0
  }

  /**
   * The faults in a sentence, and those of them that it names. `whole`: what has the faults without
   * a path.
   */
  name(faults: readonly Fault[], whole: string): { text: string; named: Fault[] } {
    const named = faults
      .slice(0, this.#left)
      .map(({ path, message }) => ({ path: shortened(path, MAX_PATH), message: shortened(message, MAX_MESSAGE) }))
    this.#left -= named.length
    const others = faults.length - named.length
    const told = named.map(({ path, message }) => `${path === '' ? whole : path} ${message}`)
    if (named.length === 0) told.push(`${counted(others, 'fault')}; an answer names the first ${MAX_FAULTS}`)
    else if (others > 0) told.push(`and ${others === 1 ? 'one more fault' : `${others} more faults`}`)
    return { text: told.join('; '), named }
  }
}

/** A text that a sender may have chosen, so that an answer has an end. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
