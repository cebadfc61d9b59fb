// An API key: who may ask for what, how often, and until when. The secret itself is never kept; see
// secret.ts.

import type { Fault } from '../bandit/errors.ts'
import { type Difference, differences } from '../bandit/experiment/difference.ts'
import { KEY_PATTERN } from '../bandit/experiment/key.ts'
import { parseRate } from './token-bucket.ts'

export const SCOPES = ['assign', 'reward', 'read', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/**
 * `sk`: a secret key, for servers. `pk`: a publishable one, which every visitor of a page can read
 * in it.
 */
export const KEY_KINDS = ['sk', 'pk'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/** Instants are ms since 1970. */
export interface Key {
  /** The history keeps changes under it. */
  readonly name: string
  readonly kind: KeyKind
  readonly scopes: readonly Scope[]
  /** SHA-256 of the secret, in hexadecimal. No two keys have the same. */
  readonly digest: string
  /** How the secret begins, so that a person can tell which one it is. */
  readonly hint: string
  /** As `100/s`; null: what the service grants to keys of this kind. See `parseRate`. */
  readonly rate: string | null
  readonly createdAt: number
  readonly expiresAt: number | null
  /** When another key took over the name; this one goes on until it expires. */
  readonly replacedAt: number | null
  readonly revokedAt: number | null
}

export type KeyAction = 'created' | 'replaced' | 'revoked'

/** One entry of the history of keys. */
export interface KeyChange {
  readonly at: number
  /** Who: the operating system's user who ran the script. */
  readonly actor: string
  readonly action: KeyAction
  readonly name: string
  readonly hint: string
  readonly changes: readonly Difference[]
}

/**
 * What everybody can read may take part in experiments, and neither look at them nor change them.
 */
const PUBLISHABLE: readonly Scope[] = ['assign', 'reward']

/** Whom the history calls so is no key of the store. */
const RESERVED_NAMES = ['admin', 'anonymous']

/** What a person decides of a key. */
export type KeyTerms = Pick<Key, 'name' | 'kind' | 'scopes' | 'rate'>

/** What is wrong with the terms of a new key. */
export function keyFaults({ name, kind, scopes, rate }: KeyTerms): Fault[] {
  const faults: Fault[] = []
  const fault = (path: keyof KeyTerms, message: string) => faults.push({ path, message })
  if (!KEY_PATTERN.test(name)) fault('name', `must fit ${KEY_PATTERN.source}`)
  if (RESERVED_NAMES.includes(name)) fault('name', `must be another than ${RESERVED_NAMES.join(' and ')}`)
  if (!KEY_KINDS.includes(kind)) fault('kind', `must be one of ${KEY_KINDS.join(', ')}`)
  if (scopes.length === 0) fault('scopes', `must have at least one of ${SCOPES.join(', ')}`)
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) fault('scopes', `must be among ${SCOPES.join(', ')}, not ${JSON.stringify(scope)}`)
    else if (kind === 'pk' && !PUBLISHABLE.includes(scope)) {
      fault('scopes', `of a pk key, which everybody can read, must be among ${PUBLISHABLE.join(', ')}, not ${scope}`)
    }
  }
  if (rate !== null && parseRate(rate) === null) fault('rate', 'must be like 100/s, 5000/m, 100000/h or 1000000/d')
  return faults
}

/** Opens what its scopes say. */
export function isLive({ expiresAt, revokedAt }: Pick<Key, 'expiresAt' | 'revokedAt'>, now: number): boolean {
  return revokedAt === null && (expiresAt === null || now < expiresAt)
}

/** The one key that has its name now; it may have expired. */
export function holdsName({ replacedAt, revokedAt }: Key): boolean {
  return replacedAt === null && revokedAt === null
}

/** The history's entry for a key's change from one state (null: from nothing) to the next. */
export function keyChangeBetween(
  before: Key | null,
  after: Key,
  entry: { action: KeyAction; at: number; actor: string },
): KeyChange {
  const visible = ({ digest: _, name: __, hint: ___, ...key }: Key) => key
  const { name, hint } = after
  return { ...entry, name, hint, changes: differences(before === null ? {} : visible(before), visible(after)) }
}
