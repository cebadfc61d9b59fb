// Checks the small bodies of the hot routes by hand, field by field, and names every fault at once.
import { BanditError, type Fault } from '../bandit/errors.ts'

/** What is wrong with a value (undefined when the field is absent), or null. */
type FieldRule = (value: unknown) => string | null

/** The faults of an object against the rules of its fields; a field without a rule is unknown. */
export function fieldFaults(body: unknown, rules: Readonly<Record<string, FieldRule>>): Fault[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return [{ path: '', message: `must be an object with the fields ${Object.keys(rules).join(', ')}` }]
  }
  const faults: Fault[] = []
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(rules, name)) faults.push({ path: name, message: unknownField(Object.keys(rules)) })
  }
  for (const [name, rule] of Object.entries(rules)) {
    const message = rule(Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined)
    if (message !== null) faults.push({ path: name, message })
  }
  return faults
}

export function unknownField(known: readonly string[]): string {
  return `is not a field here; there are ${known.join(', ')}`
}

/** @throws BanditError `invalid_request` when there are faults */
export function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return
  const told = faults.map(({ path, message }) => (path === '' ? `the body ${message}` : `${path} ${message}`))
  throw new BanditError('invalid_request', `The request is not valid: ${told.join('; ')}`, faults)
}
