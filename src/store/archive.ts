// DATABASE_URL → ArchiveStore.
import { setTimeout } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { ArchiveStore } from '../bandit/archive.ts'
import { StoreUnavailableError } from '../bandit/errors.ts'
import { parseUrl } from './open.ts'
import { Connection } from './postgres/connection/connection.ts'
import { clientConfig } from './postgres/connection/session.ts'
import * as scripts from './scripts/archive.ts'
import type { Script } from './scripts/script.ts'
import { openDatabase } from './sqlite/database.ts'
import { ScriptRunner } from './sqlite/script-runner.ts'
import { asStoreError } from './sqlite/store-failure.ts'

/** A service on SQLite that commits all the time leaves room within this. */
const BUSY_TIMEOUT_MS = 5_000

const LOCK_TIMED_OUT = '55P03'
const LOCK_PAUSE_MS = 300
const MOST_LOCKS = 100

/**
 * Opens a database that `openStore` has migrated, also while services use it.
 *
 * @throws DatabaseError
 */
export function openArchive(url: string): ArchiveStore {
  const { engine, path } = parseUrl(url)
  return engine === 'sqlite' ? openSqlite(path) : openPostgres(url)
}

/** @throws DatabaseError */
function openSqlite(path: string): ArchiveStore {
  const db = openDatabase(path)
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
  const runner = new ScriptRunner(db)
  const transact = db.transaction((script: Script<unknown>) => runner.run(script))

  async function run<Result>(script: Script<Result>, mode: 'deferred' | 'immediate' = 'deferred'): Promise<Result> {
    try {
      return transact[mode](script) as Result
    } catch (error) {
      throw asStoreError(error)
    }
  }

  return {
    countFacts: experimentId => run(scripts.countFacts(experimentId)),
    readPart: (...args) => run(scripts.readPart(...args)),
    removePart: removal => scripts.unlessChanged(run(scripts.removePart(removal), 'immediate')),
    findArchives: experimentId => run(scripts.findArchives(experimentId)),
    close: async () => void db.close(),
  }
}

function openPostgres(url: string): ArchiveStore {
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
