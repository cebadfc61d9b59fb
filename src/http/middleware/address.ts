// The address that a request asks for, in one form for all routes, whatever form it came in. Two
// readings of one address are a way past a proxy: where the host is not certain, the request is
// refused.
import type { IncomingMessage } from 'node:http'
import { BanditError } from '../../bandit/errors.ts'

const ABSOLUTE = /^(https?:)\/\/([^/?#]*)/i

/** Express would look at the path alone, and take "ftp://x/" for the page. */
const OTHER_SCHEME = /^(?!https?:)[a-z][a-z\d+.-]*:/i

/** An empty segment, or a slash at the end of a path; perhaps within a query. */
const SPARE_SLASH = /\/(?:[/?#]|$)/

/**
 * Rewrites `request.url` as a path without empty segments and without a slash at its end, followed
 * by the query as it was sent: "/assign/", "//assign" and "http://host/assign" become "/assign".
 *
 * @throws BanditError `invalid_request` for two `Host` headers, for none in HTTP/1.1, and for a
 * target that names another host; `not_found` for a target that is no address
 */
export function normalizeAddress(request: IncomingMessage): void {
  refuseUnclearHost(request)
  const target = request.url ?? ''
  if (target.startsWith('/') && !SPARE_SLASH.test(target)) return
  if (OTHER_SCHEME.test(target)) throw invalidAddress()
  const origin = ABSOLUTE.exec(target)
  if (origin !== null) refuseOtherHost(request, origin[1] as string, origin[2] as string)
  const rest = origin === null ? target : target.slice(origin[0].length)
  const [path = ''] = rest.split(/[?#]/, 1)
  request.url = withoutSpareSlashes(path) + rest.slice(path.length)
}

export function invalidAddress(): BanditError {
  return new BanditError('not_found', 'The address is not valid')
}

function withoutSpareSlashes(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/\/$/, '') || '/'
}

/**
 * RFC 9112, §3.2: exactly one, where the version knows the header. Node keeps the first of several,
 * and drops the others.
 */
function refuseUnclearHost({ headers, rawHeaders, httpVersion }: IncomingMessage): void {
  if (headers.host === undefined) {
    if (httpVersion !== '1.1') return
    throw new BanditError('invalid_request', 'A request of HTTP/1.1 must have the header Host')
  }
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at] as string)) count += 1
  if (count > 1) throw new BanditError('invalid_request', 'A request must have one header Host, not several')
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host'
}

/** In HTTP/1.0 there may be no `Host`: then the target says which host is meant. */
function refuseOtherHost({ headers }: IncomingMessage, scheme: string, authority: string): void {
  const asked = hostOf(scheme, authority)
  if (asked === null) throw invalidAddress()
  headers.host ??= authority
  if (asked === hostOf(scheme, headers.host)) return
  throw new BanditError('invalid_request', `The target names the host ${asked}, and the header Host another one`)
}

/** In lower case and without the port that the scheme has anyway; null for what is no host. */
function hostOf(scheme: string, authority: string): string | null {
  return URL.parse(`${scheme}//${authority}`)?.host ?? null
}
