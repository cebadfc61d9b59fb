// Who asks, and what they may do: the one door. A service that never had a key is open to anyone
// who asks it from the machine it runs on.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isLive, type KeyKind, SCOPES, type Scope } from '../../access/key.ts'
import type { Holder } from '../../access/keyring.ts'
import { isBroken } from '../../access/secret.ts'
import type { TokenBucket } from '../../access/token-bucket.ts'
import { BanditError } from '../../bandit/errors.ts'
import type { Context } from '../context.ts'
import { isAllowed } from './cors.ts'
import { spendOne } from './rate-limit.ts'
import { isFromHere, refuseOtherSites, sessionKeyIn } from './session.ts'

export interface Caller {
  /** The history keeps a change under it. */
  readonly name: string
  readonly kind: KeyKind
  readonly scopes: readonly Scope[]
  /** What a batch takes its tokens from; see `spendMore`. */
  readonly bucket: TokenBucket | null
}

/** The caller of a route that needs no key. */
export const NOBODY: Caller = { name: 'anonymous', kind: 'sk', scopes: [], bucket: null }

const ANYONE: Caller = { name: 'anonymous', kind: 'sk', scopes: SCOPES, bucket: null }

/**
 * The caller of a request, who has this scope. Counts the request against the rate of the key.
 *
 * @throws BanditError `unauthorized` without a live key, `forbidden` without the scope or from a
 * page that may not ask, `rate_limited`
 */
export function authenticate(
  context: Pick<Context, 'keyring' | 'allowedOrigins' | 'now'>,
  request: IncomingMessage,
  scope: Scope,
): Caller {
  if (context.keyring.isOpen) {
    refuseStrangers(context, request)
    return ANYONE
  }
  const now = context.now()
  const holder = holderOf(context, request, now)
  if (!holder.scopes.includes(scope)) {
    throw new BanditError('forbidden', `The key "${holder.name}" lacks the scope ${scope}`)
  }
  if (holder.kind === 'pk') refuseOtherOrigins(context, request.headers, holder)
  if (holder.bucket !== null) spendOne(holder.bucket, request, now)
  return holder
}

function holderOf({ keyring }: Pick<Context, 'keyring'>, request: IncomingMessage, now: number): Holder {
  const secret = secretIn(request.headers) ?? sessionKeyIn(request)
  const holder = secret === null ? null : keyring.find(secret)
  if (holder !== null && isLive(holder, now)) return holder
  throw new BanditError('unauthorized', secret === null ? SEND_ONE : rejection(secret, holder))
}

const SEND_ONE = 'Send a key as "Authorization: Bearer <key>" or "X-API-Key: <key>"'

/** Only who holds the whole secret hears what became of the key. */
function rejection(secret: string, holder: Holder | null): string {
  if (holder !== null) return `The key "${holder.name}" ${holder.revokedAt === null ? 'has expired' : 'was revoked'}`
  if (isBroken(secret)) return 'The key is not whole: it was cut off or mistyped'
  return 'The key is not known here'
}

const BEARER = 'bearer '

function secretIn({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | null {
  if (authorization !== undefined && authorization.slice(0, BEARER.length).toLowerCase() === BEARER) {
    return authorization.slice(BEARER.length).trimStart()
  }
  return basicUserOf(authorization) ?? (typeof apiKey === 'string' && apiKey !== '' ? apiKey : null)
}

/**
 * Event SDKs send their key as the user of Basic authentication, with an empty password (RFC 7617).
 */
function basicUserOf(authorization: string | undefined): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const [user = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return user
}

/** A pk key can be copied out of a page into another one; a browser then tells on it. */
function refuseOtherOrigins(
  context: Pick<Context, 'allowedOrigins'>,
  { origin }: IncomingHttpHeaders,
  { name }: Holder,
) {
  if (origin === undefined || isAllowed(context, origin)) return
  const message = `The key "${name}" is not for pages of ${origin}; ALLOWED_ORIGINS names those that may ask`
  throw new BanditError('forbidden', message)
}

/**
 * The address of an open service is no secret to the pages that somebody on the same machine
 * visits. A page of another site tells so by its origin; one that has pointed its own name at this
 * machine (DNS rebinding), by the host it asks for.
 */
function refuseStrangers(context: Pick<Context, 'allowedOrigins'>, request: IncomingMessage): void {
  const { host, origin } = request.headers
  if (host !== undefined && !LOOPBACK_HOST.test(host)) {
    const message = `Without a key this service answers as localhost only, not as ${host}; npx --no pinwheel keys create makes a key`
    throw new BanditError('forbidden', message)
  }
  if (origin === undefined) refuseOtherSites(request)
  if (origin === undefined || isFromHere(request) || isAllowed(context, origin)) return
  throw new BanditError(
    'forbidden',
    `Pages of ${origin} may not ask this service; ALLOWED_ORIGINS names those that may`,
  )
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i
