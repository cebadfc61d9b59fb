// Kills the database, or a process of the service, while as many processes as there are make a new
// database's schema.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../src/stats/numerics/chance.ts'
import { ask } from '../http/client.ts'
import { Replica } from './replica.ts'
import type { Site, Victim } from './site.ts'

/** A process that never connects is one that does not start, and is told by the next one. */
const CONNECT_LIMIT_MS = 10_000

interface MigrationKill {
  readonly site: Site
  readonly folder: string
  readonly chance: Chance
}

/**
 * On a database of its own, which `number` names. Answers what is wrong with it afterwards: it must
 * serve, and be empty.
 */
export async function killWhileMigrating(
  { site, folder, chance }: MigrationKill,
  victim: Victim,
  number: number,
): Promise<string[]> {
  const database = `new_${number}`
  await site.create(database)
  const launch = { databaseUrl: site.urlOf(database), folder }
  const replicas = Array.from({ length: site.replicas }, () => new Replica(launch))
  const until = performance.now() + CONNECT_LIMIT_MS
  while (!(await site.isInUse(database)) && performance.now() < until) await sleep(1)
  await sleep(chance() * site.aim.migration)
  if (victim === 'database') {
    await site.kill()
    await Promise.all(replicas.map(replica => replica.kill()))
    await site.recover()
  } else {
    const [first, ...others] = replicas
    await first?.kill()
    for (const other of others) {
      // It must not be held up for long by what is left of the first one.
      await other.ready()
      await other.kill()
    }
  }
  const again = new Replica(launch)
  try {
    await again.ready()
    const listed = (await ask(again, 'GET', '/experiments')).trim()
    return listed === '{"experiments":[]}' ? [] : [`a new database has ${listed}`]
  } finally {
    await again.kill()
    await site.drop(database)
  }
}
