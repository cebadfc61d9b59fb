// Makes, rotates and revokes keys. Every change is derived from the keys as they are, and kept
// unless somebody else has changed one meanwhile.
import { BanditError, type Fault, StoreUnavailableError } from '../bandit/errors.ts'
import type { KeyStore } from '../store/port.ts'
import {
  holdsName,
  isLive,
  type Key,
  type KeyAction,
  type KeyKind,
  type KeyTerms,
  keyChangeBetween,
  keyFaults,
  SCOPES,
} from './key.ts'
import { digestOf, hintOf } from './secret.ts'

interface Deps {
  readonly store: Pick<KeyStore, 'readKeys' | 'keepKeys'>
}

/** Who asks, and when. */
interface Request {
  readonly actor: string
  readonly now: number
}

/** A key's present state (null: there is none yet) and its next one. */
type Step = readonly [before: Key | null, after: Key]

/** Somebody else may be first; then the plan is made anew from what is there now. */
const ATTEMPTS = 5

/**
 * Makes a key. `secret`: from `newSecret`; it goes to anyone who asked, and nowhere else. A key
 * that has expired gives up its name.
 *
 * @throws BanditError `invalid_request`, also for a name that a live key has
 */
export async function createKey(
  deps: Deps,
  terms: KeyTerms & { expiresAt: number | null },
  request: Request & { secret: string },
): Promise<Key> {
  refuse(keyFaults(terms))
  const key = newKey(terms, request)
  await commit(deps, request, keys => {
    const namesake = keys.find(other => other.name === key.name && holdsName(other))
    if (namesake === undefined) return [[null, key]]
    if (isLive(namesake, request.now)) refuse([{ path: 'name', message: `"${key.name}" ${NAME_IS_TAKEN}` }])
    const replaced = { ...namesake, replacedAt: request.now }
    return [
      [namesake, replaced],
      [null, key],
    ]
  })
  return key
}

const NAME_IS_TAKEN = 'is taken by a key that is live; rotate or revoke that one, or choose another name'

/**
 * Gives a key a new secret. The new key has the terms of the old one and, if that had an end, as
 * long a life. The old one ends after `overlapMs`, if it does not end before, so that anyone who
 * holds it can change over in peace.
 *
 * @throws BanditError `not_found`
 */
export async function rotateKey(
  deps: Deps,
  name: string,
  { overlapMs, newSecret, ...request }: Request & { overlapMs: number; newSecret: (kind: KeyKind) => string },
): Promise<{ old: Key; key: Key; secret: string }> {
  const { now } = request
  let secret = ''
  const [[, old], [, key]] = await commit(deps, request, keys => {
    const before = keys.find(key => key.name === name && holdsName(key))
    if (before === undefined) throw new BanditError('not_found', `There is no key "${name}"`)
    const { kind, createdAt, expiresAt } = before
    secret = newSecret(kind)
    const endsAt = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, now + overlapMs)
    const renewed = { ...before, expiresAt: expiresAt === null ? null : now + expiresAt - createdAt }
    return [
      [before, { ...before, expiresAt: endsAt, replacedAt: now }],
      [null, newKey(renewed, { secret, now })],
    ] as const
  })
  return { old, key, secret }
}

/**
 * Ends a key at once, together with those that had its name before and have not ended yet. Answers
 * those that it has ended.
 *
 * @throws BanditError `not_found` when no live key has the name
 */
export async function revokeKey(deps: Deps, name: string, request: Request): Promise<Key[]> {
  const steps = await commit(deps, request, keys => {
    const live = keys.filter(key => key.name === name && isLive(key, request.now))
    if (live.length === 0) throw new BanditError('not_found', `There is no live key "${name}"`)
    return live.map(key => [key, { ...key, revokedAt: request.now }] as const)
  })
  return steps.map(([, after]) => after)
}

/** Answers the steps that `plan` made. */
async function commit<Steps extends readonly Step[]>(
  { store }: Deps,
  { actor, now }: Request,
  plan: (keys: readonly Key[]) => Steps,
): Promise<Steps> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { keys, lastChange } = await store.readKeys()
    const steps = plan(keys)
    const kept = steps.map(([before, after]) => {
      const action = actionOf(before, after)
      return { key: after, change: keyChangeBetween(before, after, { action, at: now, actor }) }
    })
    if (await store.keepKeys(lastChange, kept)) return steps
  }
  throw new StoreUnavailableError(new Error('others kept changing the keys meanwhile'))
}

function actionOf(before: Key | null, after: Key): KeyAction {
  if (before === null) return 'created'
  return before.revokedAt === after.revokedAt ? 'replaced' : 'revoked'
}

/** The scopes in the order of `SCOPES`, each once. */
function newKey(
  { name, kind, scopes, rate, expiresAt }: KeyTerms & { expiresAt: number | null },
  { secret, now }: { secret: string; now: number },
): Key {
  return {
    name,
    kind,
    scopes: SCOPES.filter(scope => scopes.includes(scope)),
    digest: digestOf(secret),
    hint: hintOf(secret),
    rate,
    createdAt: now,
    expiresAt,
    replacedAt: null,
    revokedAt: null,
  }
}

/** @throws BanditError where there are faults */
function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return
  const told = faults.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new BanditError('invalid_request', `Cannot create the key: ${told}`, faults)
}
