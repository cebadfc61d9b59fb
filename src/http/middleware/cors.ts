// Cross-origin requests (CORS): which other sites' pages a browser lets read our answers. Off
// unless origins are allowed.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BanditError } from '../../bandit/errors.ts'
import type { Context } from '../context.ts'

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
 * Says in the head of the answer whether the page may read it. Answers true when the request was a
 * browser's question whether a page may ask at all (a preflight), which carries no key: that is
 * answered here.
 *
 * @throws BanditError `forbidden` for a preflight of an origin that is not allowed
 */
export function answerCors(
  context: Pick<Context, 'allowedOrigins'>,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  // Even without an origin: a cache must not give this answer to a page.
  if (context.allowedOrigins.size > 0) response.setHeader('Vary', 'Origin')
  const { origin } = request.headers
  if (origin === undefined) return false
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isAllowed(context, origin)) {
    if (isPreflight) throw new BanditError('forbidden', refusal(context, origin))
    return false
  }
  response.setHeader('Access-Control-Allow-Origin', context.allowedOrigins.has(EVERY_ORIGIN) ? EVERY_ORIGIN : origin)
  response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
  if (!isPreflight) return false
  response.writeHead(204, {
    'Access-Control-Allow-Methods': ALLOWED_METHODS,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE_S,
  })
  response.end()
  return true
}

function refusal({ allowedOrigins }: Pick<Context, 'allowedOrigins'>, origin: string): string {
  const remedy =
    allowedOrigins.size === 0
      ? 'it must be named in ALLOWED_ORIGINS, which is not set'
      : 'ALLOWED_ORIGINS names those that may'
  return `Pages of ${origin} may not ask this service; ${remedy}`
}
