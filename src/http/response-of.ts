// From a request to its response, for what is learned of a request and told in the head of its answer, whoever gives that.
import type { IncomingMessage, ServerResponse } from 'node:http'

const responses = new WeakMap<IncomingMessage, ServerResponse>()

export function pair(request: IncomingMessage, response: ServerResponse): void {
  responses.set(request, response)
}

/** Undefined for a request that came by another way than the server. */
export function responseOf(request: IncomingMessage): ServerResponse | undefined {
  return responses.get(request)
}
