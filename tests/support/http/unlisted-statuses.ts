// Watches a service in a test: every status that an operation answers must be listed in the OpenAPI
// document.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { openApiDocument } from '../../../src/http/openapi.ts'
import { Interface } from './interface.ts'

/** What any request can meet; the document's `default` response stands for it. */
const OF_ANY_REQUEST = new Set([405, 408, 417, 431, 500])

let api: Interface | null = null

/** The answers since the call that the document does not list, as `getReport 418`. */
export function unlistedStatuses(server: Server): ReadonlySet<string> {
  const unlisted = new Set<string>()
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    response.once('finish', () => {
      api ??= new Interface(openApiDocument())
      // Now: the address has its normal form once the request has been judged.
      const { method = '', url = '' } = request
      const operation = api.match(method === 'HEAD' ? 'GET' : method, url)
      const { statusCode } = response
      if (operation === undefined || OF_ANY_REQUEST.has(statusCode)) return
      if (operation.operation.responses[statusCode] === undefined) unlisted.add(`${operation.id} ${statusCode}`)
    })
  })
  return unlisted
}
