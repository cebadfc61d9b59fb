// Kills the service while it makes a new file's schema.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../../src/stats/numerics/chance.ts'
import { onFile, ServiceProcess } from '../service-process.ts'
import { ask, withService } from '../session.ts'
import { removeDatabase } from './remove-database.ts'

/** The schema is made so soon after the file. */
const LONGEST_MIGRATION_MS = 20

/** A file that never comes is a service that does not start, and is told by the next one. */
const FILE_LIMIT_MS = 10_000

/** On a file of its own. Answers what is wrong with it afterwards: it must serve, and be empty. */
export async function killWhileMigrating(databasePath: string, chance: Chance): Promise<string[]> {
  removeDatabase(databasePath)
  const service = new ServiceProcess(onFile(databasePath))
  const until = performance.now() + FILE_LIMIT_MS
  while (!existsSync(databasePath) && !service.hasEnded && performance.now() < until) await sleep(1)
  await sleep(chance() * LONGEST_MIGRATION_MS)
  await service.kill()
  const listed = await withService(onFile(databasePath), async (again, connection) => {
    const answer = await ask(connection, 'GET', '/experiments')
    await again.stop()
    return answer.trim()
  })
  removeDatabase(databasePath)
  return listed === '{"experiments":[]}' ? [] : [`a new file has ${listed}`]
}
