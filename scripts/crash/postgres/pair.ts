// A server with a synchronous standby that follows it and takes its place when it is killed.
// Services know one address, which leads to anyone who serves, as a proxy or a moving address would
// in production. The server that was lost is made anew, as a standby of the other.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { EmbeddedPostgres } from '../../postgres/embedded-postgres.ts'
import { openAddress } from './address.ts'
import type { Site } from './site.ts'

/** As `synchronous_commit` can be: what an acknowledged commit has waited for on the standby. */
const SETTINGS = { synchronous_commit: 'on', wal_keep_size: '1GB' }

const FOLLOW_LIMIT_MS = 60_000
const LOOK_MS = 10

/** In folders whose names begin with `folder`, which are made. */
export async function startPair(folder: string): Promise<Site> {
  let made = 0
  const nextFolder = () => {
    made += 1
    return `${folder}-${made}`
  }
  let primary = EmbeddedPostgres.create(nextFolder())
  await primary.start(SETTINGS)
  let standby = await follow(primary, nextFolder())
  const address = await openAddress(() => primary.socketPath)
  return {
    urlOf: database => `postgres://postgres@127.0.0.1:${address.port}/${database}`,
    query: (database, sql) => primary.query(database, sql),
    kill: () => primary.kill(),
    async recover() {
      const [{ isPromoted } = { isPromoted: false }] = await standby.query<{ isPromoted: boolean }>(
        'postgres',
        'SELECT pg_promote() AS "isPromoted"',
      )
      if (!isPromoted) throw new Failure('The standby cannot be promoted')
      primary = standby
      standby = await follow(primary, nextFolder())
    },
    async stop() {
      await address.close()
      await Promise.all([primary.stop(), standby.stop()])
    },
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
