// Reads what other processes on the same store have changed: at once when the store reports a
// change, and at intervals in any case.
import type { Keyring } from '../../access/keyring.ts'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { type FollowDeps, followStore } from '../../bandit/follow-store.ts'
import type { Store } from '../../store/port.ts'
import type { Logger } from '../log.ts'
import { type PeriodicJob, repeat } from './run-periodically.ts'

const FOLLOW_TICK_MS = 400

interface Deps extends FollowDeps {
  readonly keyring: Keyring
  readonly store: Store
  readonly log: Logger
}

export function startFollowing({ log, ...deps }: Deps, { tickMs = FOLLOW_TICK_MS } = {}): PeriodicJob {
  return repeat(tickMs, async () => {
    try {
      await Promise.all([followStore(deps), deps.keyring.reread(deps.store, Date.now())])
    } catch (error) {
      // That the store is unavailable is logged elsewhere.
      if (!(error instanceof StoreUnavailableError)) log.error({ err: error }, 'other changes could not be taken in')
    }
  })
}
