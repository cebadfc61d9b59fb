// What every answer carries in its head, no matter who gives it.
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { JSON_ANSWER } from '../answer.ts'
import { PROBLEM_ANSWER } from '../problem.ts'
import { remarksOn } from './remarks.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/**
 * Adds the security headers, and what was remarked on the request, to whatever head the response
 * will have.
 */
export function guardHead(response: ServerResponse): void {
  response.writeHead = writeGuardedHead
}

const SECURITY_LIST: readonly string[] = SECURITY_HEADERS.flat()

/**
 * JSON is no page, nor is a problem: only this means anything to a browser that gets some. A dozen
 * headers more cost an answer 10 of its 50 µs.
 */
const JSON_LIST: readonly string[] = ['X-Content-Type-Options', 'nosniff']

const JSON_TYPES: ReadonlySet<OutgoingHttpHeader | undefined> = new Set([JSON_ANSWER, PROBLEM_ANSWER])

/**
 * Adds the security headers, and what was remarked on the request. As one list: a dozen calls of
 * setHeader cost about twice as much, which a hot route would feel. Where headers were set before,
 * one of theirs goes before one of ours.
 */
function writeGuardedHead(
  this: ServerResponse,
  status: number,
  reason?: string | Headers,
  headers?: Headers,
): ServerResponse {
  if (typeof reason === 'string') this.statusMessage = reason
  const given = (typeof reason === 'string' ? headers : reason) ?? []
  const isJson = !Array.isArray(given) && JSON_TYPES.has(given['Content-Type'])
  const list: OutgoingHttpHeader[] = isJson ? [...JSON_LIST] : unsetIn(this)
  list.push(...remarksOn(this.req))
  if (Array.isArray(given)) list.push(...given)
  else for (const [name, value] of Object.entries(given)) if (value !== undefined) list.push(name, value)
  return ServerResponse.prototype.writeHead.call(this, status, list as string[])
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

function unsetIn(response: ServerResponse): string[] {
  if (response.getHeaderNames().length === 0) return [...SECURITY_LIST]
  return SECURITY_HEADERS.filter(([name]) => !response.hasHeader(name)).flat()
}
