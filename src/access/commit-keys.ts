// Commits a change of keys: it is derived from the present keys, and stored unless another one has
// been changed meanwhile.
import { StoreUnavailableError } from '../bandit/errors.ts'
import type { KeyStore } from '../store/port.ts'
import { type Key, type KeyAction, keyChangeBetween } from './key.ts'

export interface KeyDeps {
  readonly store: Pick<KeyStore, 'readKeys' | 'keepKeys'>
}

/** The actor, and the time. */
export interface KeyRequest {
  readonly actor: string
  readonly now: number
}

/** A key that is created (`before` null), or gets its next state. */
interface KeyStep {
  readonly action: KeyAction
  readonly before: Key | null
  readonly after: Key
}

/** If another change was first, the plan is made again from the new keys. */
const ATTEMPTS = 5

/** `plan` returns the steps, and the result once they are stored. */
export async function commitKeys<Result>(
  { store }: KeyDeps,
  plan: (keys: readonly Key[]) => { steps: readonly KeyStep[]; result: Result },
  { actor, now }: KeyRequest,
): Promise<Result> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { keys, lastChange } = await store.readKeys()
    const { steps, result } = plan(keys)
    const kept = steps.map(({ action, before, after }) => ({
      key: after,
      change: keyChangeBetween(before, after, { action, at: now, actor }),
    }))
    if (await store.keepKeys(lastChange, kept)) return result
  }
  throw new StoreUnavailableError(new Error('others kept changing the keys meanwhile'))
}
