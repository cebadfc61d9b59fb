// Keeps up with what other processes on the same store have changed, beside the requests, until the
// service stops: at once where the store brings news of them, and by looking now and then whether
// it does or not.

import type { Keyring } from '../../access/keyring.ts'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { type FollowDeps, followStore } from '../../bandit/follow-store.ts'
import type { Store } from '../../store/port.ts'
import type { Logger } from '../log.ts'
import { repeat } from './run-periodically.ts'

const FOLLOW_TICK_MS = 400

interface Deps extends FollowDeps {
  readonly keyring: Keyring
  readonly store: Store
  readonly log: Logger
}

export interface Following {
  /** There is news: it is looked what it is, after the look that is under way. */
  readonly hearNews: () => void
  /** Resolves when no look is under way any more. */
  readonly stop: () => Promise<void>
}

export function startFollowing(deps: Deps, { tickMs = FOLLOW_TICK_MS } = {}): Following {
  let isNew = false
  let isStopped = false
  let current: Promise<void> | null = null
  const look = async () => {
    do {
      isNew = false
      await follow(deps)
    } while (isNew && !isStopped)
    current = null
  }
  const stopLooking = repeat(tickMs, async () => {
    current ??= look()
    await current
  })
  return {
    hearNews() {
      isNew = true
      if (!isStopped) current ??= look()
    },
    async stop() {
      isStopped = true
      await stopLooking()
      await current
    },
  }
}

async function follow({ log, ...deps }: Deps): Promise<void> {
  try {
    await Promise.all([followStore(deps), deps.keyring.reread(deps.store, Date.now())])
  } catch (error) {
    // The service continues with what it has; the unavailable store is logged elsewhere.
    if (!(error instanceof StoreUnavailableError)) log.error({ err: error }, 'other changes could not be taken in')
  }
}
