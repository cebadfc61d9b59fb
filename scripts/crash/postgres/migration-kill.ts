// Kills the database, or a process of the service, while two processes make a new database's
// schema.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../../src/stats/numerics/chance.ts'
import { ask } from '../session.ts'
import { Replica } from './replica.ts'
import type { Site } from './site.ts'

/** The schema is made so soon after the first connection. */
const LONGEST_MIGRATION_MS = 80

/** A process that never connects is one that does not start, and is told by the next one. */
const CONNECT_LIMIT_MS = 10_000

interface MigrationKill {
  readonly site: Site
  readonly folder: string
  readonly victim: 'database' | 'replica'
  readonly chance: Chance
  /** Makes the database's name one of its own. */
  readonly number: number
}

/**
 * On a database of its own. Answers what is wrong with it afterwards: it must serve, and be empty.
 */
export async function killWhileMigrating({ site, folder, victim, chance, number }: MigrationKill): Promise<string[]> {
  const database = `new_${number}`
  await site.query('postgres', `CREATE DATABASE ${database}`)
  const launch = { databaseUrl: site.urlOf(database), folder }
  const replicas = [new Replica(launch), new Replica(launch)] as const
  await connected(site, database)
  await sleep(chance() * LONGEST_MIGRATION_MS)
  if (victim === 'database') {
    await site.kill()
    await Promise.all(replicas.map(replica => replica.kill()))
    await site.recover()
  } else {
    await replicas[0].kill()
    // The other one must not be held up for long by what is left of it.
    await replicas[1].ready()
    await replicas[1].kill()
  }
  const again = new Replica(launch)
  try {
    await again.ready()
    const listed = (await ask(again, 'GET', '/experiments')).trim()
    return listed === '{"experiments":[]}' ? [] : [`a new database has ${listed}`]
  } finally {
    await again.kill()
    await site.query('postgres', `DROP DATABASE ${database} WITH (FORCE)`)
  }
}

/** Resolves when somebody uses the database. */
async function connected(site: Site, database: string): Promise<void> {
  const until = performance.now() + CONNECT_LIMIT_MS
  while (performance.now() < until) {
    const sql = `SELECT FROM pg_stat_activity WHERE datname = '${database}'`
    if ((await site.query('postgres', sql)).length > 0) return
  }
}
