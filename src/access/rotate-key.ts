// Gives a key a new secret. The old one stays valid for a while, so that its holders have time to
// change.

import { BanditError } from '../bandit/errors.ts'
import { commitKeys, type KeyDeps, type KeyRequest } from './commit-keys.ts'
import { newKey } from './create-key.ts'
import { holdsName, type Key, type KeyKind } from './key.ts'

/**
 * The new key has the terms of the old one and, if that had an end, as long a life. The old one
 * ends after `overlapMs`, if it does not end before.
 *
 * @throws BanditError `not_found`
 */
export async function rotateKey(
  deps: KeyDeps,
  name: string,
  { overlapMs, newSecret, ...request }: KeyRequest & { overlapMs: number; newSecret: (kind: KeyKind) => string },
): Promise<{ old: Key; key: Key; secret: string }> {
  const { now } = request
  const plan = (keys: readonly Key[]) => {
    const before = keys.find(key => key.name === name && holdsName(key))
    if (before === undefined) throw new BanditError('not_found', `There is no key "${name}"`)
    const secret = newSecret(before.kind)
    const endsAt = Math.min(before.expiresAt ?? Number.POSITIVE_INFINITY, now + overlapMs)
    const old = { ...before, expiresAt: endsAt, replacedAt: now }
    const key = newKey({ ...before, expiresAt: renewed(before, now) }, { secret, now })
    const steps = [
      { action: 'replaced', before, after: old },
      { action: 'created', before: null, after: key },
    ] as const
    return { steps, result: { old, key, secret } }
  }
  return commitKeys(deps, plan, request)
}

function renewed({ createdAt, expiresAt }: Key, now: number): number | null {
  return expiresAt === null ? null : now + expiresAt - createdAt
}
