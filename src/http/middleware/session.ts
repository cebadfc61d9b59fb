// A key that a browser keeps for a person: an HttpOnly cookie that no script can read and no other
// site's request carries. What comes with it may change nothing unless a page of this very service
// has sent it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BanditError } from '../../bandit/errors.ts'

const NAME = 'pinwheel_key'
const KEPT_S = 30 * 24 * 3600
const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * The key in the cookie of a request; null where there is none.
 *
 * @throws BanditError `forbidden` when the request would change something and another site may have
 * sent it
 */
export function sessionKeyIn(request: IncomingMessage): string | null {
  const pair = (request.headers.cookie ?? '').split(/; */).find(part => part.startsWith(`${NAME}=`))
  if (pair === undefined) return null
  if (!SAFE.includes(request.method ?? '') && !isFromHere(request)) {
    throw new BanditError('forbidden', 'A request with a cookie may change something only from a page of this service')
  }
  try {
    return decodeURIComponent(pair.slice(NAME.length + 1))
  } catch {
    return null
  }
}

/**
 * On a service without keys anybody on this machine may do anything, but not a page of another site
 * in their browser. Programs say nothing of where they come from, and pass.
 *
 * @throws BanditError `forbidden`
 */
export function refuseOtherSites(request: IncomingMessage): void {
  const { 'sec-fetch-site': site, origin } = request.headers
  if (SAFE.includes(request.method ?? '') || (site === undefined && origin === undefined) || isFromHere(request)) return
  throw new BanditError('forbidden', 'A page of another site may change nothing here')
}

/** What browsers say of a request's source, and no page can forge. */
export function isFromHere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  if (headers.origin === undefined || !URL.canParse(headers.origin)) return false
  return new URL(headers.origin).host === headers.host
}

export function keepKey(request: IncomingMessage, response: ServerResponse, key: string): void {
  response.setHeader('Set-Cookie', cookie(request, encodeURIComponent(key), KEPT_S))
}

export function forgetKey(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Set-Cookie', cookie(request, '', 0))
}

function cookie(request: IncomingMessage, value: string, maxAge: number): string {
  const secure = isEncrypted(request) ? '; Secure' : ''
  return `${NAME}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`
}

/** Itself, or as the proxy before it says. */
export function isEncrypted({ headers, socket }: IncomingMessage): boolean {
  return headers['x-forwarded-proto'] === 'https' || 'encrypted' in socket
}
