// Repeats an attempt that failed for a passing reason, ever more slowly, for a bounded time.
import { setTimeout as sleep } from 'node:timers/promises'

/** A passing reason: nothing was decided, and the same request may be sent again. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain'
}

export interface RetryLimits {
  /** No attempt starts later than this after the first one. */
  readonly limitMs: number
  /** The first wait; each next one is twice as long, up to `longestWaitMs`. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
}

/**
 * The result of the first attempt that does not throw `TryAgain`. `onWait` is called with the
 * message of each that does.
 *
 * @throws the last TryAgain at the time limit; any other error of an attempt
 */
export async function retry<Result>(
  attempt: () => Promise<Result>,
  { limitMs, firstWaitMs, longestWaitMs }: RetryLimits,
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
