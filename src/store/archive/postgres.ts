import { setTimeout } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { ArchiveStore } from '../../bandit/archive.ts'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { Connection } from '../postgres/connection/connection.ts'
import { clientConfig } from '../postgres/connection/session.ts'
import * as scripts from '../scripts/archive.ts'

const LOCK_PAUSE_MS = 300
const MOST_LOCKS = 100

const LOCK_TIMED_OUT = '55P03'

export function openPostgresArchive(url: string): ArchiveStore {
  const connection = new Connection({ ...clientConfig(url), query_timeout: undefined })
  return {
    countFacts: experimentId => connection.run(scripts.countFacts(experimentId)),
    readPart: (...args) => connection.atOneInstant(tx => tx.run(scripts.readPart(...args))),
    removePart: removal =>
      scripts.unlessChanged(whenUnlocked(() => connection.transaction(tx => tx.run(scripts.removePart(removal))))),
    findArchives: experimentId => connection.run(scripts.findArchives(experimentId)),
    close: () => connection.close(),
  }
}

/**
 * A long look at the assignments, as an audit's, is waited out without holding up everybody behind
 * us.
 */
async function whenUnlocked<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let locks = 1; ; locks++) {
    try {
      return await work()
    } catch (error) {
      if (!isLocked(error) || locks === MOST_LOCKS) throw error
      await setTimeout(LOCK_PAUSE_MS)
    }
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : null
  return cause instanceof DatabaseError && cause.code === LOCK_TIMED_OUT
}
