// Retries what failed for a temporary reason, ever more slowly, for a bounded time.
import { setTimeout as sleep } from 'node:timers/promises'

/** A temporary failure: nothing was changed, and the request may be repeated. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain'
}

export interface Patience {
  /** After this time since the first attempt there is no further one. */
  readonly limitMs: number
  /** The first wait; each next one is twice as long, up to `longestWaitMs`. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
}

/** Long enough for a service to be started again by hand. */
export const PATIENT: Patience = { limitMs: 60_000, firstWaitMs: 50, longestWaitMs: 2_000 }

/**
 * The result of the first attempt that does not throw `TryAgain`. `onWait` is called with each
 * reason to wait.
 *
 * @throws TryAgain, the last one, when patience is over; whatever else an attempt throws
 */
export async function persist<Result>(
  attempt: () => Promise<Result>,
  { limitMs, firstWaitMs, longestWaitMs }: Patience,
  onWait: (reason: string) => void = () => {},
): Promise<Result> {
  const startedAt = performance.now()
  let waitMs = firstWaitMs
  while (true) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof TryAgain) || performance.now() - startedAt + waitMs > limitMs) throw error
      onWait(error.message)
    }
    await sleep(waitMs)
    waitMs = Math.min(2 * waitMs, longestWaitMs)
  }
}
