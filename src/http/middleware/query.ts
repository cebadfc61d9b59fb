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

const KNOWN = Symbol('known query')

type Expecting = IncomingMessage & { [KNOWN]?: readonly string[] }

/**
 * Notes what the route of a request knows, to be judged once it is clear who asks: nobody else is
 * told what there is.
 */
export function expectQuery(request: IncomingMessage, known: KnownQuery): void {
  if (known !== 'any' && request.url?.includes('?')) (request as Expecting)[KNOWN] = known
}

/**
 * Refuses parameters that the route of a request does not know, and known ones that are there more
 * than once.
 *
 * @throws BanditError `invalid_request`, naming each of them
 */
export function refuseUnknownQuery(request: IncomingMessage): void {
  const known = (request as Expecting)[KNOWN]
  if (known === undefined) return
  const counts = new Map<string, number>()
  for (const name of namesIn(request.url as string)) counts.set(name, (counts.get(name) ?? 0) + 1)
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
