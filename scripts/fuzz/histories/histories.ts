// The property over the domain: whatever happens to two experiments in whatever order, their books
// are right.
import fc from 'fast-check'
import type { Store } from '../../../src/store/port.ts'
import { expectHolds } from '../expect-holds.ts'
import type { Played } from './expect-books.ts'
import { histories } from './history.ts'
import { playHistory } from './play-history.ts'

export interface HistoryRuns {
  readonly runs: number
  readonly seed: number
  /** Hears of every history that was played to its end. */
  readonly onPlayed?: (played: Played) => void
  /** Stands between the bandit and its store, to show that a broken one is noticed. */
  readonly wrapStore?: (store: Store) => Store
  /** False: the first history that fails will do. */
  readonly isShrunk?: boolean
}

/**
 * Plays so many. @throws Violation with the shrunk history where the books, or an answer, are not
 * right
 */
export async function checkHistories({ runs, seed, onPlayed, wrapStore, isShrunk = true }: HistoryRuns): Promise<void> {
  const property = fc.asyncProperty(histories, async history => {
    const played = await playHistory(history, { wrapStore })
    onPlayed?.(played)
  })
  await expectHolds(property, { runs, seed, isShrunk }, ([history]) => JSON.stringify(history, null, 1))
}
