// A store that can be made to fail as a real one does: every command is refused, and none is half
// said.
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import type { Store } from '../../src/store/port.ts'

export interface FaultyStore {
  isDown: boolean
  /** Fails the so-manieth list of rewards from now on, and only that one; 0: none. */
  failsOn: number
  /** For `startService`. */
  readonly wrapStore: (store: Store) => Store
}

/** What asks nothing of the engine. */
const ASIDE: ReadonlySet<keyof Store> = new Set(['close', 'countWaiting'])

/** Works until `isDown` is set, and again when it is unset. */
export function faultyStore(): FaultyStore {
  const faulty: FaultyStore = {
    isDown: false,
    failsOn: 0,
    wrapStore: store =>
      new Proxy(store, {
        get(target, name: keyof Store) {
          const failsNow = name === 'recordRewards' && faulty.failsOn > 0 && --faulty.failsOn === 0
          if ((!faulty.isDown && !failsNow) || ASIDE.has(name)) return target[name]
          return () => Promise.reject(new StoreUnavailableError(new Error('the disk is gone')))
        },
      }),
  }
  return faulty
}
