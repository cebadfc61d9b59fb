// What a crash test answers, whatever it killed.
import type { Load } from './load.ts'
import type { ClientRecord } from './record.ts'

export interface CrashResult {
  /** By what they were aimed at. */
  readonly kills: Readonly<Record<string, number>>
  readonly acknowledgedAssignments: number
  readonly acknowledgedRewards: number
  readonly acknowledgedChanges: number
  /** Policies that were frozen, by changes and by refreshes. */
  readonly snapshots: number
  /** Backups that came to their end; each was restored and compared. */
  readonly backups: number
  readonly requestsAnswered: number
  /**
   * Requests that a kill left without an answer, or with a fallback or a 503; each was sent again.
   */
  readonly requestsRetried: number
  readonly audits: number
  readonly lossCount: number
  /** The first of them, in words. */
  readonly losses: readonly string[]
}

/** The client's part of it. */
export function countsOf(
  record: ClientRecord,
  load: Load,
): Omit<CrashResult, 'kills' | 'snapshots' | 'backups' | 'audits'> {
  const { assignments, rewards, losses } = record.counts
  const { answered, unanswered } = load.counts
  return {
    acknowledgedAssignments: assignments,
    acknowledgedRewards: rewards,
    acknowledgedChanges: record.definition.changes,
    requestsAnswered: answered,
    requestsRetried: unanswered,
    lossCount: losses,
    losses: record.losses,
  }
}
