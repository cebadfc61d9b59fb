// Keys for a service under test, made as the script makes them.
import { createKey } from '../../../src/access/change-keys.ts'
import type { Key, KeyTerms } from '../../../src/access/key.ts'
import type { Keyring } from '../../../src/access/keyring.ts'
import { newSecret } from '../../../src/access/secret.ts'
import type { Store } from '../../../src/store/port.ts'
import { seededRandom } from '../samples/random.ts'

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
