// A copied database is the same database: row by row, in its reports, and in the arms it gives
// next. And a copy is whole or not there.
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { createExperiment } from '../../../src/bandit/experiment/change-experiment.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { copyAndVerify } from '../../../src/cli/copy.ts'
import { copyStore } from '../../../src/store/copy/copy.ts'
import { openPostgresSource } from '../../../src/store/copy/postgres.ts'
import { openSqliteSource } from '../../../src/store/copy/sqlite.ts'
import { type CopySource, type Row, TABLES } from '../../../src/store/copy/tables.ts'
import { claimStore, openStore } from '../../../src/store/open.ts'
import type { SnapshotHead, Store } from '../../../src/store/port.ts'
import { DEATH, liveOn, reportsOf } from '../../support/life.ts'
import { FEATURED_UNITS, liveWithFeatures } from '../../support/life-with-features.ts'
import { PostgresServer } from '../../support/postgres.ts'
import { scratchFolder } from '../../support/scratch.ts'

vi.setConfig({ hookTimeout: 60_000 })

let server: PostgresServer
let folder: string
let places = 0
const ENGINES = {
  SQLite: async () => `sqlite:${join(folder, `${++places}.db`)}`,
  PostgreSQL: async () => server.urlOf(await server.createDatabase()),
} as const
type Engine = keyof typeof ENGINES

/** A database of each engine that has lived, made once. */
let nursery: string
let born: string

beforeAll(async () => {
  server = await PostgresServer.share()
  nursery = scratchFolder()
  born = await server.createDatabase()
  for (const url of [`sqlite:${join(nursery, 'born.db')}`, server.urlOf(born)]) {
    await using(url, store => liveOn(store))
  }
})
afterAll(async () => {
  await server.destroy()
  rmSync(nursery, { recursive: true })
})
beforeEach(() => {
  folder = scratchFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

async function lived(engine: Engine): Promise<string> {
  if (engine === 'PostgreSQL') return server.urlOf(await server.createDatabase(`TEMPLATE ${born}`))
  const url = await ENGINES.SQLite()
  copyFileSync(join(nursery, 'born.db'), url.slice('sqlite:'.length))
  return url
}

async function using<Result>(
  url: string,
  work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<Result>,
): Promise<Result> {
  const store = await openStore(url)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Every row of every table. */
async function rowsOf(url: string): Promise<Record<string, Row[]>> {
  const source: CopySource = url.startsWith('sqlite:')
    ? openSqliteSource(url.slice('sqlite:'.length))
    : await openPostgresSource(url)
  try {
    const rows: Record<string, Row[]> = {}
    for (const { name, ...table } of TABLES) {
      const read: Row[] = []
      for await (const slice of source.read({ name, ...table })) read.push(...slice)
      rows[name] = read
    }
    return rows
  } finally {
    await source.close()
  }
}

/** What comes next: a new experiment, new units and rewards, and who is told. */
async function nextOf(url: string) {
  return using(url, async store => {
    const deps = { store, catalogue: await Catalogue.load(store) }
    const now = DEATH
    const names = ['a', 'u3', 'u59', ...Array.from({ length: 40 }, (_, unit) => `new ${unit}`)]
    const given = await assign(deps, 'search', names, now)
    const stopped = await assign(deps, 'checkout', names, now)
    const rewards = names.map(unit => ({ unit, metric: 'spend', value: 0.1, id: `spend ${unit}` }))
    const taken = await recordRewards(deps, [...rewards, { unit: 'a', metric: 'buy', value: 1, id: 'buy a' }], now)
    const { definition } = deps.catalogue.get('search').experiment
    const third = await createExperiment(deps, { ...definition, key: 'third' }, { actor: 'test', now, salt: 'x' })
    await store.announce(2, 'better', { subject: 'verdict blue', state: 'worse', at: now }, null)
    const message = { id: 'later', type: 'verdict', body: '{}' } as const
    await store.announce(2, null, { subject: 'new', state: 'better', at: now }, message)
    return {
      given,
      stopped,
      taken,
      id: third.id,
      due: (await store.findDueMessages(DEATH, 9)).map(({ id }) => id),
      pulse: await store.readPulse(),
      reports: await reportsOf(store),
    }
  })
}

const PAIRS = [
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
  ['SQLite', 'SQLite'],
  ['PostgreSQL', 'PostgreSQL'],
] as const

describe('copyStore()', () => {
  it.each(PAIRS)('from %s to %s gives the same rows, reports, arms and counts', async (one, other) => {
    const from = await lived(one)
    const to = await ENGINES[other]()
    const before = await rowsOf(from)
    const empty = Object.keys(before).filter(name => before[name]?.length === 0)
    expect(empty).toEqual(['snapshot_rules', 'context_sums', 'archives', 'archived_tallies'])
    const counts = await copyStore({ from, to })
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(Object.entries(before).map(([name, rows]) => [name, rows.length])),
    )
    expect(await rowsOf(to)).toEqual(before)
    expect(await using(to, store => reportsOf(store))).toBe(await using(from, store => reportsOf(store)))
    expect(await nextOf(to)).toEqual(await nextOf(from))
  })

  it.each(PAIRS)('from %s to %s carries over contexts, rules and the sums of every writer', async (one, other) => {
    const from = await ENGINES[one]()
    const to = await ENGINES[other]()
    const openers = await Promise.all([1, 2, 3].map(() => openStore(from)))
    const { id, version } = await liveWithFeatures(openers)
    const [first] = (await openers[0]?.findSnapshots(id)) ?? []
    const weighed = {
      ...(first as SnapshotHead),
      number: 3,
      version,
      weights: '{"weights":[0.1]}',
      rule: '{"rule":"é"}',
    }
    expect(await openers[0]?.takeSnapshot(id, weighed)).toBe(true)
    for (const store of openers) await store.close()
    if (one === 'PostgreSQL') {
      const another = 'INSERT INTO context_sums SELECT experiment_id, snapshot, part, 16, sums FROM context_sums'
      await server.query(
        new URL(from).pathname.slice(1),
        `${another} WHERE writer = (SELECT min(writer) FROM context_sums)`,
      )
    }
    const before = await rowsOf(from)
    expect(before.assignments?.filter(row => row.at(-1) !== null)).toHaveLength((3 / 4) * FEATURED_UNITS)
    expect(before.snapshot_rules).toHaveLength(3)
    expect(before.snapshots?.flat()).toContain(weighed.weights)
    expect(before.context_sums?.length).toBeGreaterThanOrEqual(one === 'SQLite' ? 4 : 8)
    await copyStore({ from, to })
    expect(await rowsOf(to)).toEqual(before)
    const featuresOf = (store: Store) =>
      Promise.all([
        store.readSums(id),
        store.readRule(id, 2),
        store.readTotals(id, { after: null, limit: 99, metricCount: 1 }),
      ])
    expect(await using(to, featuresOf)).toEqual(await using(from, featuresOf))
  })

  it('sums what several processes have counted as a report does', async () => {
    const from = await lived('PostgreSQL')
    const to = await ENGINES.SQLite()
    const sums = [0.1, 0.7, 1e16].map(
      (sum, writer) => `(2, 1, 1, 0, ${writer + 16}, 1, ${sum}, ${sum / 3}, 0, 0, 0, 0)`,
    )
    await server.query(new URL(from).pathname.slice(1), `INSERT INTO tallies VALUES ${sums}`)
    await copyStore({ from, to })
    expect(await using(to, store => store.readLedger(2, 1))).toEqual(await using(from, store => store.readLedger(2, 1)))
    expect(await using(to, store => reportsOf(store))).toBe(await using(from, store => reportsOf(store)))
  })

  it.each(['SQLite', 'PostgreSQL'] as const)('refuses a %s target that is not empty', async engine => {
    const from = await lived('SQLite')
    const to = await lived(engine)
    await expect(copyStore({ from, to })).rejects.toThrow(
      'the target is not empty: its table experiments has 2 rows; name a new database',
    )
  })

  it.each(['SQLite', 'PostgreSQL'] as const)(
    'interrupted, leaves a %s target empty, and can be run again',
    async engine => {
      const from = await lived('SQLite')
      const to = await ENGINES[engine]()
      const abort = new AbortController()
      const onProgress = (done: number) => done > 300 && abort.abort(new Error('enough'))
      await expect(copyStore({ from, to, onProgress, signal: abort.signal })).rejects.toThrow('enough')
      expect(Object.values(await rowsOf(to)).flat()).toEqual([])
      await copyStore({ from, to })
      expect(await rowsOf(to)).toEqual(await rowsOf(from))
    },
  )

  it('refuses files that a service has, the same file twice, and what is not there', async () => {
    const from = await lived('SQLite')
    const to = await ENGINES.SQLite()
    const release = claimStore(from)
    await expect(copyStore({ from, to })).rejects.toThrow('another Pinwheel does already')
    await expect(copyStore({ from: 'sqlite:/nowhere/x.db', to })).rejects.toThrow('there is no file /nowhere/x.db')
    release()
    await expect(copyStore({ from, to: from })).rejects.toThrow('another Pinwheel does already')
    await expect(copyStore({ from, to: 'sqlite::memory:' })).rejects.toThrow('would be gone at once')
    await expect(copyStore({ from, to: 'mysql:x' })).rejects.toThrow('DATABASE_URL must be')
    expect(existsSync('/nowhere')).toBe(false)
  })
})

describe('copyAndVerify()', () => {
  it('answers how many experiments there are, and names a ledger that its facts do not bear out', async () => {
    const from = await lived('PostgreSQL')
    expect(await copyAndVerify({ from, to: await ENGINES.SQLite() })).toBe(2)
    await server.query(new URL(from).pathname.slice(1), 'UPDATE tallies SET rewards = rewards + 1 WHERE metric = 1')
    await expect(copyAndVerify({ from, to: await ENGINES.SQLite() })).rejects.toThrow(
      /the ledger of "checkout" differs from its facts: tally spend, snapshot \d+, .*, rewards/,
    )
  })
})

describe('npx --no pinwheel copy', () => {
  const copy = (...parameters: string[]) => {
    const pinwheel = fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url))
    return promisify(execFile)(process.execPath, [pinwheel, 'copy', ...parameters], { cwd: folder })
  }

  it('tells what it has copied, and a refusal in one command', async () => {
    const from = await lived('SQLite')
    const to = await ENGINES.PostgreSQL()
    const { stdout, stderr } = await copy('--from', from, '--to', to)
    expect(stdout).toMatch(/^Copied and verified in [\d.]+ s: 2 experiments, no difference\n$/)
    expect(stderr).toMatch(/^Copied in [\d.]+ s: 2 experiments, .*, 120 assignments, 480 rewards, .*; verifying\n$/)
    await expect(copy('--from', from, '--to', to)).rejects.toMatchObject({
      code: 1,
      stderr: 'Cannot copy: the target is not empty: its table experiments has 2 rows; name a new database\n',
    })
  })
})
