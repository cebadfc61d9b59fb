// What may stand behind the question mark of an address: each route says which parameters it knows,
// and all others are refused by name, as unknown fields of a body are. Empty parameters are
// parameters; names with brackets are names like any other.
import type { IncomingMessage } from 'node:http'
import type { Fault } from '../../bandit/errors.ts'
import { refuse } from '../input/fields.ts'

/**
 * The names of the parameters that a route knows. `any`: it is for people, probes or SDKs, which
 * append their own.
 */
export type KnownQuery = readonly string[] | 'any'

/**
 * Refuses parameters that the route does not know, and known ones that are there more than once. It
 * is called once the key is checked: nobody else is told which there are.
 *
 * @throws BanditError `invalid_request`, naming each of them
 */
export function refuseUnknownQuery({ url = '' }: IncomingMessage, known: KnownQuery = []): void {
  if (known === 'any' || !url.includes('?')) return
  const counts = new Map<string, number>()
  for (const name of namesIn(url)) counts.set(name, (counts.get(name) ?? 0) + 1)
  const faults: Fault[] = []
  for (const [name, count] of counts) {
    if (!known.includes(name)) faults.push({ path: `?${name}`, message: `is unknown; ${allowed(known)}` })
    else if (count > 1) faults.push({ path: `?${name}`, message: `is there ${count} times; send it once` })
  }
  refuse(faults)
}

function allowed(known: readonly string[]): string {
  return known.length === 0 ? 'this address takes no query parameters' : `allowed: ${known.join(', ')}`
}

function namesIn(url: string): string[] {
  const [query = ''] = url.slice(url.indexOf('?') + 1).split('#', 1)
  return query
    .split('&')
    .filter(parameter => parameter !== '')
    .map(parameter => decoded(parameter.split('=', 1)[0] as string))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
