// Cross-origin requests (CORS): which other sites' pages a browser lets read our answers. Off unless origins are allowed.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from './context.ts'

/** What a page may read of an answer, besides what it always may. */
const EXPOSED_HEADERS = 'ETag, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy'

const ALLOWED_METHODS = 'GET, HEAD, POST, PUT'
const ALLOWED_HEADERS = 'authorization, content-type, if-none-match, x-api-key, cache-control'
const PREFLIGHT_MAX_AGE_S = 600

const EVERY_ORIGIN = '*'

/** Its pages may ask. */
export function isAllowed({ allowedOrigins }: Pick<Context, 'allowedOrigins'>, origin: string): boolean {
  return allowedOrigins.has(origin) || allowedOrigins.has(EVERY_ORIGIN)
}

/**
 * Says in the head of the answer whether the page may read it. Answers true when the request was a browser's question whether a page
 * may ask at all (a preflight), which carries no key: that is answered here. One of another origin is left to the routes, as if there
 * were no CORS.
 */
export function answerCors(
  context: Pick<Context, 'allowedOrigins'>,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (context.allowedOrigins.size === 0) return false
  // Even without an origin: a cache must not give this answer to a page.
  response.setHeader('Vary', 'Origin')
  const { origin } = request.headers
  if (origin === undefined || !isAllowed(context, origin)) return false
  response.setHeader('Access-Control-Allow-Origin', context.allowedOrigins.has(EVERY_ORIGIN) ? EVERY_ORIGIN : origin)
  response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  response.writeHead(204, {
    'Access-Control-Allow-Methods': ALLOWED_METHODS,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE_S,
  })
  response.end()
  return true
}
