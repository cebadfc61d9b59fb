// Keys for a service under test, made as the script makes them.
import { createKey } from '../../src/bandit/create-key.ts'
import type { Key, KeyTerms } from '../../src/bandit/key.ts'
import type { Keyring } from '../../src/bandit/keyring.ts'
import { newSecret } from '../../src/bandit/secret.ts'
import type { Store } from '../../src/bandit/store.ts'
import { seededRandom } from './random.ts'

const random = seededRandom(62)

export function secretOf(kind: Key['kind']): string {
  return newSecret(kind, limit => Math.floor(random() * limit))
}

/** A new key, which the service knows already. Answers its secret. */
export async function giveKey(
  service: { readonly store: Store; readonly keyring: Keyring; readonly now: number },
  terms: Partial<KeyTerms> & { lifetimeMs?: number } = {},
): Promise<string> {
  const { name = 'web', kind = 'sk', scopes = ['assign', 'reward'], rate = null, lifetimeMs } = terms
  const { store, keyring, now } = service
  const secret = secretOf(kind)
  const expiresAt = lifetimeMs === undefined ? null : now + lifetimeMs
  await createKey({ store }, { name, kind, scopes, rate, expiresAt }, { actor: 'test', now, secret })
  await keyring.reread(store, now)
  return secret
}

export function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` }
}
