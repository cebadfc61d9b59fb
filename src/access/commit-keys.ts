// How every change of keys is committed: derived from the keys as they are, and kept unless
// somebody else has changed one meanwhile.
import { StoreUnavailableError } from '../bandit/errors.ts'
import type { KeyStore } from '../store/port.ts'
import { type Key, type KeyAction, keyChangeBetween } from './key.ts'

export interface KeyDeps {
  readonly store: Pick<KeyStore, 'readKeys' | 'keepKeys'>
}

/** Who asks, and when. */
export interface KeyRequest {
  readonly actor: string
  readonly now: number
}

/** A key that comes into being (`before` null), or into its next state. */
interface KeyStep {
  readonly action: KeyAction
  readonly before: Key | null
  readonly after: Key
}

/** Somebody else may be first; then the plan is made anew from what is there now. */
const ATTEMPTS = 5

/** `plan` answers the steps, and what to answer once they are made. */
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
