import type { ArchiveStore } from '../../bandit/archive.ts'
import * as scripts from '../scripts/archive.ts'
import type { Script } from '../scripts/script.ts'
import { openDatabase } from '../sqlite/database.ts'
import { ScriptRunner } from '../sqlite/script-runner.ts'
import { asStoreError } from '../sqlite/store-failure.ts'

/** A service that commits all the time leaves room within this. */
const BUSY_TIMEOUT_MS = 5_000

/** @throws DatabaseError */
export function openSqliteArchive(path: string): ArchiveStore {
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
