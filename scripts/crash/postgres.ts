// A PostgreSQL server with two replicas of the service, alone or with a standby. Server and
// services are killed in turn.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { EmbeddedPostgres } from '../service/embedded-postgres.ts'
import { openAddress } from './address.ts'
import type { Site } from './site.ts'

export interface PostgresSite extends Site {
  /** Says something, in a session of the server's own administrator. */
  query<Row>(database: string, sql: string): Promise<Row[]>
}

const MOMENTS = {
  'under load': 50,
  'while it started': 12,
  'while it migrated': 8,
  'around a change': 18,
  'around a refresh': 12,
}

/** Where another server takes over, there is none to be killed while it starts. */
const FAILOVER_MOMENTS = { ...MOMENTS, 'under load': 62, 'while it started': 0 }

/**
 * What one process changes holds on another within a second; while the database is away it cannot.
 */
const GRACE_MS = 10_000

const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pinwheel'`

/** As `synchronous_commit` can be: what an acknowledged commit has waited for on the standby. */
const SETTINGS = { synchronous_commit: 'on', wal_keep_size: '1GB' }

const FOLLOW_LIMIT_MS = 60_000
const LOOK_MS = 10

/** One server in `folder`, which is made; it is started again on the same data. */
export async function startLoneServer(folder: string): Promise<PostgresSite> {
  const server = EmbeddedPostgres.create(folder)
  await server.start()
  return {
    ...siteOf((database, sql) => server.query(database, sql)),
    urlOf: database => server.urlOf(database),
    kill: () => server.kill(),
    recover: () => server.start(),
    stop: () => server.stop(),
  }
}

/**
 * A server with a synchronous standby that takes its place when it is killed, in folders whose
 * names begin with `folder`. Services know one address, which leads to anyone who serves, as a
 * proxy would in production. The server that was lost is made anew, as a standby of the other.
 */
export async function startPair(folder: string): Promise<PostgresSite> {
  let made = 0
  const nextFolder = () => `${folder}-${++made}`
  let primary = EmbeddedPostgres.create(nextFolder())
  await primary.start(SETTINGS)
  let standby = await follow(primary, nextFolder())
  const address = await openAddress(() => primary.socketPath)
  return {
    ...siteOf((database, sql) => primary.query(database, sql)),
    victims: ['database'],
    moments: FAILOVER_MOMENTS,
    urlOf: database => `postgres://postgres@127.0.0.1:${address.port}/${database}`,
    kill: () => primary.kill(),
    async recover() {
      const promote = 'SELECT pg_promote() AS "isPromoted"'
      const [promoted] = await standby.query<{ isPromoted: boolean }>('postgres', promote)
      if (!promoted?.isPromoted) throw new Failure('The standby cannot be promoted')
      primary = standby
      standby = await follow(primary, nextFolder())
    },
    async stop() {
      await address.close()
      await Promise.all([primary.stop(), standby.stop()])
    },
  }
}

/** What both have in common. */
function siteOf(query: PostgresSite['query']): Omit<PostgresSite, 'urlOf' | 'kill' | 'recover' | 'stop'> {
  const administer = async (sql: string) => void (await query('postgres', sql))
  return {
    victims: ['database', 'service'],
    moments: MOMENTS,
    aim: { change: 12, refresh: 25, migration: 80 },
    replicas: 2,
    graceMs: GRACE_MS,
    query,
    create: database => administer(`CREATE DATABASE ${database}`),
    drop: database => administer(`DROP DATABASE ${database} WITH (FORCE)`),
    isInUse: async database => {
      const sessions = await query('postgres', `SELECT FROM pg_stat_activity WHERE datname = '${database}'`)
      return sessions.length > 0
    },
    cut: () => administer(CUT),
  }
}

/**
 * A new standby that has caught up; from now on a commit is acknowledged when the standby has it
 * too.
 */
async function follow(primary: EmbeddedPostgres, folder: string): Promise<EmbeddedPostgres> {
  const standby = await primary.createStandby(folder)
  await standby.start({ ...SETTINGS, ...EmbeddedPostgres.following(primary) })
  await primary.query('postgres', `ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await primary.query('postgres', 'SELECT pg_reload_conf()')
  const until = performance.now() + FOLLOW_LIMIT_MS
  while (performance.now() < until) {
    const states = await primary.query<{ sync_state: string }>('postgres', 'SELECT sync_state FROM pg_stat_replication')
    if (states.some(({ sync_state }) => sync_state === 'sync')) return standby
    await sleep(LOOK_MS)
  }
  throw new Failure('The standby does not catch up')
}
