// What is learned of a request and told in the head of its answer, no matter who gives that.
import type { IncomingMessage } from 'node:http'

const REMARKS = Symbol('remarks')

/**
 * Of the request itself: a WeakMap from requests to remarks cost 20 µs a request, in its garbage
 * collection.
 */
type Remarked = IncomingMessage & { [REMARKS]?: readonly string[] }

/** Names and values in turn. */
export function remark(request: IncomingMessage, headers: readonly string[]): void {
  ;(request as Remarked)[REMARKS] = headers
}

export function remarksOn(request: IncomingMessage): readonly string[] {
  return (request as Remarked)[REMARKS] ?? []
}
