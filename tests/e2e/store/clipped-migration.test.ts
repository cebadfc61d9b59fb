// Migration 10 on a database that an older version has filled: it finds in the facts what this
// version would have counted along.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { archiveExperiment } from '../../../src/cli/archive/archive-experiment.ts'
import { openArchive } from '../../../src/store/archive.ts'
import { readMigrations } from '../../../src/store/migrate.ts'
import { openStore } from '../../../src/store/open.ts'
import type { LedgerCell, Store } from '../../../src/store/port.ts'
import { NOON } from '../../support/http/service.ts'
import { PostgresServer } from '../../support/postgres.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { scratchFolder } from '../../support/scratch.ts'

vi.setConfig({ hookTimeout: 60_000, testTimeout: 30_000 })

/** The last migration of the version before. */
const BEFORE = 9

const SECOND = 1_000
const UNITS = 120

let server: PostgresServer
let folder: string

beforeAll(async () => {
  server = await PostgresServer.share()
})
afterAll(() => server.destroy())
beforeEach(() => {
  folder = scratchFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Place {
  readonly live: string
  readonly old: string
  /** Makes `old` the database that the version before would have, from what `live` has. */
  makeOld(): Promise<void>
}

const ENGINES: Readonly<Record<string, () => Promise<Place>>> = {
  SQLite: async () => {
    const [live, old] = [join(folder, 'live.db'), join(folder, 'old.db')]
    return { live: `sqlite:${live}`, old: `sqlite:${old}`, makeOld: async () => makeOldFile(live, old) }
  },
  PostgreSQL: async () => {
    const [live, old] = [await server.createDatabase(), await server.createDatabase('TEMPLATE template0')]
    return { live: server.urlOf(live), old: server.urlOf(old), makeOld: () => makeOldDatabase(live, old) }
  },
}

describe.each(Object.keys(ENGINES))('migration 10 on %s', engine => {
  let place: Place

  beforeEach(async () => {
    place = await (ENGINES[engine] as () => Promise<Place>)()
  })

  it('counts the clipped units and finds the largest outcomes of the facts that are there', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(place.live)))
    const experiment = await live(stores)
    const expected = await cellsOf(stores[0] as Store, experiment)
    for (const store of stores) await store.close()
    await place.makeOld()
    const migrated = await openStore(place.old)
    expect((await verify({ store: migrated }, experiment)).discrepancies).toEqual([])
    expect(await cellsOf(migrated, experiment)).toEqual(expected)
    await migrated.close()
    // The control: there was something of each kind to count, and to lose.
    const [, spend, score] = expected as [LedgerCell[], LedgerCell[], LedgerCell[]]
    expect(sumOf(spend, 'unitsAbove')).toBeGreaterThan(5)
    expect(sumOf(spend, 'unitsBelow')).toBeGreaterThan(5)
    expect(sumOf(score, 'unitsAbove')).toBeGreaterThan(5)
    expect(score.every(({ largestOutcome }) => largestOutcome >= 1)).toBe(true)
    expect(new Set(spend.map(({ largestOutcome }) => largestOutcome)).size).toBeGreaterThan(3)
  })

  it('goes on counting where the migration left off', async () => {
    const stores = [await openStore(place.live)]
    const experiment = await live(stores)
    await stores[0]?.close()
    await place.makeOld()
    const store = await openStore(place.old)
    const [clipped] = (await unitsOutside(store, experiment)) as [string]
    const total = (await store.readTotals(experiment.id, { after: null, limit: 999, metricCount: 4 })).find(
      ({ unit }) => unit === clipped,
    )?.totals[1] as number
    const deps = { store, catalogue: await Catalogue.load(store) }
    const before = sumOf((await cellsOf(store, experiment))[1] as LedgerCell[], 'unitsAbove')
    await recordRewards(deps, [{ unit: clipped, metric: 'spend', value: 1 - total }], NOON + 300 * SECOND)
    expect(sumOf((await cellsOf(store, experiment))[1] as LedgerCell[], 'unitsAbove')).toBe(before - 1)
    expect((await verify({ store }, experiment)).discrepancies).toEqual([])
    await store.close()
  })

  it('counts nothing of facts that were archived before, and verify finds no fault in that', async () => {
    const store = await openStore(place.live)
    const running = await live([store])
    const deps = { store, catalogue: await Catalogue.load(store) }
    const end = { actor: 'test', now: NOON + 600 * SECOND, winner: 'green' }
    const experiment = await setStatus(deps, running.definition.key, 'stopped', end)
    const archive = openArchive(place.live)
    await archiveExperiment(experiment, { store, archive, folder, now: end.now + 86_400_000 })
    await archive.close()
    const known = await cellsOf(store, experiment)
    await store.close()
    await place.makeOld()
    const migrated = await openStore(place.old)
    expect(await verify({ store: migrated }, experiment)).toMatchObject({ archived: UNITS, discrepancies: [] })
    const unknown = await cellsOf(migrated, experiment)
    const withoutRewards = [0, 0, 1, 1]
    expect(unknown).toEqual(
      known.map((cells, metric) =>
        cells.map(cell => ({ ...cell, unitsAbove: 0, unitsBelow: 0, largestOutcome: withoutRewards[metric] })),
      ),
    )
    await migrated.close()
  })
})

/**
 * Units over several snapshots, whose totals leave the ranges, come back, and leave them again;
 * each store hears of some of it.
 */
async function live(stores: readonly Store[]): Promise<Experiment> {
  const random = seededRandom(10)
  const at = (turn: number) => stores[turn % stores.length] as Store
  const deps = { store: at(0), catalogue: await Catalogue.load(at(0)) }
  const definition = completeDefinition({
    key: 'basket',
    description: 'Escapes that a database may not take: \u0000 \\u0000 \\\\u0000 "\ud800" \u2028',
    arms: [{ key: 'control' }, { key: 'green', payload: { '\u0000': '\u0000"\\' } }],
    metrics: [
      { key: 'buy', type: 'binary', role: 'primary', window: '5m' },
      { key: 'spend', type: 'continuous', range: [0, 39.99] },
      { key: 'score', type: 'continuous', range: [-5, -1] },
      { key: 'rating', type: 'continuous', range: [1, 5], window: '1s' },
    ],
  })
  let now = NOON
  await createExperiment(deps, definition, { actor: 'test', now, salt: 'pepper' })
  const experiment = await setStatus(deps, 'basket', 'running', { actor: 'test', now })
  const others = await Promise.all(stores.map(async store => ({ store, catalogue: await Catalogue.load(store) })))
  for (let turn = 0; turn < UNITS; turn++) {
    now += SECOND
    const own = { ...deps, store: at(turn) }
    await assign(own, 'basket', [`u${turn}`], now)
    const about = `u${Math.floor(random() * (turn + 1))}`
    const rewards = [
      { unit: about, metric: 'buy', value: random() < 0.4 ? -1 : 2 },
      { unit: about, metric: 'spend', value: 60 * random() - 45 },
      { unit: about, metric: 'spend', value: random() < 0.3 ? 39.99 : 45 * random() },
      { unit: about, metric: 'score', value: 8 * random() - 6 },
      { unit: about, metric: 'rating', value: 12 * random() - 4 },
    ]
    for (const [order, reward] of rewards.entries()) {
      await recordRewards(others[(turn + order) % others.length] as (typeof others)[number], [reward], now)
    }
    if (turn % 20 === 0) await refreshSnapshots(deps, now)
  }
  return experiment
}

function cellsOf(store: Store, { id, definition }: Experiment): Promise<LedgerCell[][]> {
  return Promise.all(definition.metrics.map(async (_, metric) => [...(await store.readLedger(id, metric)).cells]))
}

/** Whose spending lies above its range. */
async function unitsOutside(store: Store, { id }: Experiment): Promise<string[]> {
  const totals = await store.readTotals(id, { after: null, limit: 999, metricCount: 4 })
  return totals.filter(({ totals: [, spent = 0] }) => spent > 39.99).map(({ unit }) => unit)
}

function sumOf(cells: readonly LedgerCell[], name: 'unitsAbove' | 'unitsBelow'): number {
  return cells.reduce((sum, cell) => sum + cell[name], 0)
}

/** Parents first, so that no row refers to one that is not there yet. */
const TABLES = [
  'experiments',
  'changes',
  'snapshots',
  'tallies',
  'assignments',
  'rewards',
  'archives',
  'archived_tallies',
]

function makeOldFile(live: string, old: string): void {
  const db = new Database(old)
  db.exec('CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT')
  for (const { number, name, sql, checksum } of migrationsBefore('sqlite')) {
    db.exec(sql)
    db.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(number, name, checksum)
  }
  db.prepare('ATTACH ? AS live').run(live)
  for (const table of TABLES) {
    const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table)
    db.exec(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM live.${table}`)
  }
  db.close()
}

async function makeOldDatabase(live: string, old: string): Promise<void> {
  const [from, to] = [await server.connect(live), await server.connect(old)]
  await to.query('CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)')
  for (const { number, name, sql, checksum } of migrationsBefore('postgres')) {
    await to.query(sql)
    await to.query('INSERT INTO migrations VALUES ($1, $2, $3)', [number, name, checksum])
  }
  for (const table of [...TABLES, 'batches', 'growth', 'event_ids']) {
    const { rows } = await from.query<{ all: string }>(
      `SELECT coalesce(json_agg(copied), '[]')::text AS all FROM ${table} AS copied`,
    )
    // What the old table has no column for is left out.
    await to.query(
      `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(null::${table}, $1)`,
      [rows[0]?.all],
    )
  }
  await Promise.all([from.end(), to.end()])
}

function migrationsBefore(engine: 'sqlite' | 'postgres') {
  return readMigrations(engine).filter(({ number }) => number <= BEFORE)
}
