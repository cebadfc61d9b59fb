import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../../src/bandit/errors.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Metric } from '../../../src/bandit/metrics/metric.ts'
import { openStore } from '../../../src/store/open.ts'
import type { RewardEntry, Store } from '../../../src/store/port.ts'
import { describeContexts } from '../../conformance/contexts.ts'
import { describeStore } from '../../conformance/store.ts'
import { PostgresServer } from '../../support/postgres.ts'

/** A busy machine takes seconds to start a server. */
vi.setConfig({ hookTimeout: 60_000 })

const definition = completeDefinition({
  key: 'checkout',
  arms: [{ key: 'a' }, { key: 'b' }],
  metrics: [{ key: 'm', type: 'binary', role: 'primary' }],
})

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.share()
})

afterAll(() => server.destroy())

for (const describeEngine of [describeStore, describeContexts]) {
  describeEngine('PostgreSQL', async () => {
    const url = server.urlOf(await server.createDatabase())
    return { open: () => openStore(url), destroy: async () => {} }
  })
}

describe('openPostgres()', () => {
  let database: string
  let url: string

  beforeEach(async () => {
    database = await server.createDatabase()
    url = server.urlOf(database)
  })

  it('migrates once, though many processes start at the same time', async () => {
    const empty = await server.createDatabase('TEMPLATE template0')
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(server.urlOf(empty))))
    for (const store of stores) expect(await store.findExperiments()).toEqual([])
    for (const store of stores) await store.close()
    const applied = await server.query(empty, 'SELECT number FROM migrations WHERE number > 0 ORDER BY number')
    expect(applied).toContainEqual({ number: 1 })
    expect(applied).toEqual(
      await server.query(database, 'SELECT number FROM migrations WHERE number > 0 ORDER BY number'),
    )
  })

  it('refuses a database that newer code has migrated', async () => {
    await server.query(database, "INSERT INTO migrations VALUES (9999, 'invent_future', 'x')")
    await expect(openStore(url)).rejects.toThrow('migration 9999 (invent_future)')
  })

  it('refuses a database one of whose migrations was edited after it ran', async () => {
    await server.query(database, "UPDATE migrations SET checksum = 'edited' WHERE number = 1")
    await expect(openStore(url)).rejects.toThrow('was edited after it had run')
  })

  it('refuses a database that cannot hold every unit', async () => {
    const latin = await server.createDatabase("ENCODING 'LATIN1' TEMPLATE template0")
    await expect(openStore(server.urlOf(latin))).rejects.toThrow(
      "its encoding is LATIN1; create it with ENCODING 'UTF8'",
    )
  })

  it('says which database it cannot open, and why, without user and password', async () => {
    await expect(openStore(server.urlOf('nowhere'))).rejects.toThrow(
      'Cannot open the database postgres:///nowhere: database "nowhere" does not exist',
    )
    await expect(openStore('postgres://me:secret@127.0.0.1:1/x')).rejects.toThrow(
      'Cannot open the database postgres://127.0.0.1:1/x: connect ECONNREFUSED 127.0.0.1:1',
    )
  })

  it.each(['postgres:x', 'postgres://host:port/x', 'mysql://localhost/x'])('refuses the URL %s', async it => {
    await expect(openStore(it)).rejects.toThrow('DATABASE_URL must be')
  })

  it('takes the other name of the protocol', async () => {
    const store = await openStore(url.replace('postgres:', 'postgresql:'))
    expect(await store.findExperiments()).toEqual([])
    await store.close()
  })

  it.each([
    ['off', 'on'],
    ['local', 'local'],
    ['remote_apply', 'remote_apply'],
  ])('where synchronous_commit is %s, commits with %s', async (given, used) => {
    await server.query('postgres', `ALTER DATABASE ${database} SET synchronous_commit = ${given}`)
    const column = "ADD COLUMN setting TEXT DEFAULT current_setting('synchronous_commit')"
    await server.query(database, `ALTER TABLE experiments ${column}`)
    const store = await openStore(url)
    await createExperiment(store)
    await store.close()
    expect(await server.query(database, 'SELECT setting FROM experiments')).toEqual([{ setting: used }])
  })

  it('looks up by key, though the tables were small when it began', async () => {
    const units = "INSERT INTO assignments SELECT 1, 'u' || n, 0, 1, 1, 0 FROM generate_series(1, 50) AS n"
    await server.query(database, `${units}; ANALYZE assignments`)
    const store = await openStore(url)
    // The server may plan a statement anew the first five times.
    for (let event = 0; event < 7; event++) {
      expect(await store.recordRewards([{ ...REWARD, id: `e${event}` }])).toEqual(['recorded'])
    }
    await store.close()
    const scans = `SELECT sum(seq_scan)::integer AS all, bool_and(idx_scan > 0) AS keys
      FROM pg_stat_user_tables WHERE relname IN ('assignments', 'rewards', 'event_ids')`
    await vi.waitFor(async () => expect(await server.query(database, scans)).toEqual([{ all: 0, keys: true }]), 5_000)
  })

  it('fails as unavailable once it is closed', async () => {
    const store = await openStore(url)
    await store.close()
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailableError)
    await expect(store.findAssignments(1, ['u1'])).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  it('leaves no connection behind', async () => {
    const store = await openStore(url, { onNews: () => {} })
    await createExperiment(store)
    await store.audit(1, 1, () => {})
    await store.close()
    const count = `SELECT count(*)::integer AS left FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'pinwheel'`
    await vi.waitFor(async () => expect(await server.query('postgres', count)).toEqual([{ left: 0 }]))
  })
})

const REWARD: RewardEntry = {
  experimentId: 1,
  metricPosition: 0,
  metric: definition.metrics[0] as Metric,
  attribution: { windowMs: null, until: null },
  unit: 'u1',
  value: 1,
  at: 1,
  isDatedHere: false,
  id: 'e1',
}

function createExperiment(store: Store) {
  const change = { version: 1, at: 0, actor: 'test', action: 'created', reason: null, changes: [] } as const
  return store.createExperiment({ definition, salt: 's', createdAt: 0 }, change)
}
