// Checks the small bodies of the hot routes by hand, field by field, and names every fault at once.
import { BanditError, type Fault } from '../bandit/errors.ts'
import { nameFault, unitFault } from '../bandit/facts.ts'

/** An answer names at most so many faults: as many as the longest list that is asked for can have. */
const MAX_FAULTS = 10_000

/** What is wrong with a value (undefined when the field is absent), or null. */
type FieldRule = (value: unknown) => string | null

/** The faults of an object against the rules of its fields; a field without a rule is unknown. */
export function fieldFaults(body: unknown, rules: Readonly<Record<string, FieldRule>>): Fault[] {
  if (!isObject(body)) {
    return [{ path: '', message: `must be an object with ${fieldsTold(Object.keys(rules))}` }]
  }
  const faults: Fault[] = []
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(rules, name)) faults.push({ path: name, message: unknownField(Object.keys(rules)) })
  }
  for (const name of Object.keys(rules)) {
    const message = rules[name]?.(Object.hasOwn(body, name) ? body[name] : undefined) ?? null
    if (message !== null) faults.push({ path: name, message })
  }
  return faults
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The rule of a field with a unit; the message leaves the name to the path before it. */
export function unitRule(value: unknown): string | null {
  return unitFault(value, 'unit')?.slice('unit '.length) ?? null
}

/** The rule of a field with an id. */
export function nameRule(value: unknown): string | null {
  return nameFault(value, 'name')?.slice('name '.length) ?? null
}

/** The rule of a field of a form that may be left out. */
export function textRule(value: unknown): string | null {
  return value === undefined || typeof value === 'string' ? null : 'must be text'
}

export function unknownField(known: readonly string[]): string {
  return `is not a field here; there are ${known.length === 0 ? 'none' : known.join(', ')}`
}

function fieldsTold(names: readonly string[]): string {
  return names.length === 0 ? 'no fields' : `the fields ${names.join(', ')}`
}

/** @throws BanditError `invalid_request` when there are faults */
export function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return
  const named = faults.slice(0, MAX_FAULTS)
  const told = named.map(({ path, message }) => (path === '' ? `the body ${message}` : `${path} ${message}`))
  if (faults.length > MAX_FAULTS) told.push(`and ${faults.length - MAX_FAULTS} more faults`)
  throw new BanditError('invalid_request', `The request is not valid: ${told.join('; ')}`, named)
}
