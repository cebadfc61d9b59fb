// Old facts leave the database for files, and the ledger stays. What an archive asks of a database,
// and which experiments' facts may go: those that nothing can need any more.

import type { ArchivedCell, UnitFacts } from '../store/port.ts'
import type { Experiment } from './experiment/experiment.ts'
import { windowMsOf } from './metrics/metric.ts'

/**
 * Null where the facts of an experiment may be archived; else why not, and what can be done.
 *
 * A unit keeps its arm while its experiment runs, is paused, or is stopped without a winner; its
 * rewards count until its windows are over. `before`: all that must have been over by this instant,
 * which lies in the past.
 */
export function whyNotArchived({ status, winner, stoppedAt, definition }: Experiment, before: number): string | null {
  if (stoppedAt === null) return `it is ${status === 'draft' ? 'a draft' : status}`
  if (winner === null)
    return 'it was stopped without a winner, so its units still get their arms: stop it again and name one'
  const endedAt = stoppedAt + Math.max(...definition.metrics.map(metric => windowMsOf(metric) ?? 0))
  return endedAt < before ? null : `it is over on ${new Date(endedAt).toISOString()} only`
}

export interface FactCounts {
  readonly assignments: number
  readonly rewards: number
}

/** How large a part may be, in units or in rewards, whichever comes first. */
export interface PartLimit {
  readonly units: number
  readonly rewards: number
}

/** A file with facts of one part of an experiment. */
export interface ArchivedFile {
  /** Of the part, counted from 1. */
  readonly number: number
  readonly facts: 'assignments' | 'rewards'
  /** Relative to the folder of the archive. */
  readonly file: string
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string
  readonly rows: number
  /** An instant, ms since 1970. */
  readonly archivedAt: number
}

/**
 * A part that is on disk elsewhere: all units that come after `after` (empty: from the first), up
 * to `through`.
 */
export interface Removal extends FactCounts {
  readonly experimentId: number
  readonly after: string
  readonly through: string
  readonly files: readonly ArchivedFile[]
  /** What the part comes to, by metric. */
  readonly cells: readonly (readonly ArchivedCell[])[]
}

/** Each sentence is atomic by itself. @throws StoreUnavailableError */
export interface ArchiveStore {
  countFacts(experimentId: number): Promise<FactCounts>
  /**
   * The units that come after `after` (empty: the first) with all their rewards, as they are at one
   * instant.
   */
  readPart(experimentId: number, after: string, limit: PartLimit): Promise<UnitFacts[]>
  /**
   * Takes a part out and notes where it is; false, and nothing is changed, when other facts of
   * these units have come meanwhile.
   */
  removePart(removal: Removal): Promise<boolean>
  /** In the order in which they were made. */
  findArchives(experimentId: number): Promise<ArchivedFile[]>
  close(): Promise<void>
}
