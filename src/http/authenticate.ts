// Who asks, and what they may do. A service without keys is open (it then listens on loopback only, see config.ts).
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BanditError } from '../bandit/errors.ts'
import type { Context } from './context.ts'
import { refuseOtherSites, sessionKeyIn } from './session.ts'

export type Scope = 'assign' | 'reward' | 'read' | 'admin'

/** The name under which the history keeps a change. */
export interface Caller {
  readonly name: string
  readonly scopes: readonly Scope[]
}

const EVERY_SCOPE: readonly Scope[] = ['assign', 'reward', 'read', 'admin']
const ANYONE: Caller = { name: 'anonymous', scopes: EVERY_SCOPE }
const ADMIN: Caller = { name: 'admin', scopes: EVERY_SCOPE }

/**
 * The caller of a request, who has this scope.
 *
 * @throws BanditError `unauthorized` without a valid key, `forbidden` without the scope
 */
export function authenticate({ adminKey }: Pick<Context, 'adminKey'>, request: IncomingMessage, scope: Scope): Caller {
  if (adminKey === null && scope === 'admin') refuseOtherSites(request)
  const caller = adminKey === null ? ANYONE : callerOf(keyIn(request) ?? sessionKeyIn(request), adminKey)
  if (caller === null) {
    throw new BanditError('unauthorized', 'Send a valid key as "Authorization: Bearer <key>" or "X-API-Key: <key>"')
  }
  if (!caller.scopes.includes(scope))
    throw new BanditError('forbidden', `The key "${caller.name}" lacks the scope ${scope}`)
  return caller
}

function keyIn({ headers }: IncomingMessage): string | null {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
  const apiKey = headers['x-api-key']
  return bearer ?? basicUserOf(headers.authorization) ?? (typeof apiKey === 'string' ? apiKey : null)
}

/** Event SDKs send their key as the user of Basic authentication, with an empty password (RFC 7617). */
export function basicUserOf(authorization: string | undefined): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const [user = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return user
}

function callerOf(key: string | null, adminKey: string): Caller | null {
  return key !== null && timingSafeEqual(digest(key), digest(adminKey)) ? ADMIN : null
}

/** Digests have one length, so the comparison takes one time whatever was sent. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
