// Ends a key at once, together with those that had its name before and have not ended yet.

import { BanditError } from '../bandit/errors.ts'
import { commitKeys, type KeyDeps, type KeyRequest } from './commit-keys.ts'
import { isLive, type Key } from './key.ts'

/**
 * Returns the revoked keys.
 *
 * @throws BanditError `not_found` when no live key has the name
 */
export async function revokeKey(deps: KeyDeps, name: string, request: KeyRequest): Promise<Key[]> {
  const plan = (keys: readonly Key[]) => {
    const live = keys.filter(key => key.name === name && isLive(key, request.now))
    if (live.length === 0) throw new BanditError('not_found', `There is no live key "${name}"`)
    const steps = live.map(before => {
      return { action: 'revoked', before, after: { ...before, revokedAt: request.now } } as const
    })
    return { steps, result: live }
  }
  return commitKeys(deps, plan, request)
}
