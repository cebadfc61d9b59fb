// Creates a key. Its secret is returned to the caller and stored nowhere.

import { BanditError } from '../bandit/errors.ts'
import { commitKeys, type KeyDeps, type KeyRequest } from './commit-keys.ts'
import { holdsName, isLive, type Key, type KeyTerms, keyFaults, SCOPES } from './key.ts'
import { digestOf, hintOf } from './secret.ts'

/**
 * `secret`: from `newSecret`. The name of an expired key may be used again.
 *
 * @throws BanditError `invalid_request`, also for a name that a live key has
 */
export async function createKey(
  deps: KeyDeps,
  terms: KeyTerms & { expiresAt: number | null },
  request: KeyRequest & { secret: string },
): Promise<Key> {
  const faults = keyFaults(terms)
  if (faults.length > 0) {
    const text = faults.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new BanditError('invalid_request', `Cannot create the key: ${text}`, faults)
  }
  const key = newKey(terms, request)
  const plan = (keys: readonly Key[]) => {
    const namesake = keys.find(other => other.name === key.name && holdsName(other))
    const created = { action: 'created', before: null, after: key } as const
    if (namesake === undefined) return { steps: [created], result: key }
    refuseLive(namesake, request.now)
    const after = { ...namesake, replacedAt: request.now }
    return { steps: [{ action: 'replaced', before: namesake, after } as const, created], result: key }
  }
  return commitKeys(deps, plan, request)
}

/** The scopes in their fixed order, each once. */
export function newKey(
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

function refuseLive(namesake: Key, now: number): void {
  if (!isLive(namesake, now)) return
  const path = 'name'
  const message = `"${namesake.name}" is taken by a key that is live; rotate or revoke that one, or choose another name`
  throw new BanditError('invalid_request', `Cannot create the key: ${path} ${message}`, [{ path, message }])
}
