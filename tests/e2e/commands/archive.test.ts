// Facts that go to files are proved first, and nothing else changes: not the reports, not what
// verify can tell, not other experiments.
import { execFile } from 'node:child_process'
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ArchiveStore, whyNotArchived } from '../../../src/bandit/archive.ts'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import type { Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { type ArchiveOptions, archiveExperiment } from '../../../src/cli/archive/archive-experiment.ts'
import { archiveFaults } from '../../../src/cli/archive/archive-files.ts'
import { openArchive } from '../../../src/store/archive.ts'
import { copyStore } from '../../../src/store/copy/copy.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store, UnitFacts } from '../../../src/store/port.ts'
import { DEATH, liveOn, reportsOf } from '../../support/life.ts'
import { FEATURED_UNITS, liveWithFeatures } from '../../support/life-with-features.ts'
import { PostgresServer } from '../../support/postgres.ts'
import { scratchFolder } from '../../support/scratch.ts'

vi.setConfig({ hookTimeout: 60_000, testTimeout: 30_000 })

const SMALL = { units: 25, rewards: 1_000 }

let server: PostgresServer
let nursery: string
let born: string
let folder: string
let url: string
let store: Store
let archive: ArchiveStore

beforeAll(async () => {
  server = await PostgresServer.share()
  nursery = scratchFolder()
  born = await server.createDatabase()
  const from = `sqlite:${join(nursery, 'born.db')}`
  const lived = await openStore(from)
  await liveOn(lived)
  await lived.close()
  await copyStore({ from, to: server.urlOf(born) })
})
afterAll(async () => {
  await server.destroy()
  rmSync(nursery, { recursive: true })
})
beforeEach(() => {
  folder = scratchFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

async function factsOf(experiment: Experiment): Promise<UnitFacts[]> {
  const facts: UnitFacts[] = []
  await store.audit(experiment.id, experiment.definition.metrics.length, unit => facts.push(unit))
  return facts
}

async function experiments(): Promise<{ checkout: Experiment; search: Experiment }> {
  const [checkout, search] = await store.findExperiments()
  return { checkout, search } as { checkout: Experiment; search: Experiment }
}

function archiving(experiment: Experiment, options: Partial<ArchiveOptions> = {}) {
  return archiveExperiment(experiment, { store, archive, folder, now: DEATH, limit: SMALL, ...options })
}

/** Does something before a part is taken out for the first time. */
function disturbed(disturb: () => Promise<unknown>): ArchiveStore {
  let isFirst = true
  return {
    ...archive,
    async removePart(removal) {
      if (isFirst) await disturb()
      isFirst = false
      return archive.removePart(removal)
    },
  }
}

describe.each(['SQLite', 'PostgreSQL'])('archiveExperiment() on %s', engine => {
  beforeEach(async () => {
    if (engine === 'SQLite') {
      url = `sqlite:${join(folder, 'x.db')}`
      copyFileSync(join(nursery, 'born.db'), join(folder, 'x.db'))
    } else url = server.urlOf(await server.createDatabase(`TEMPLATE ${born}`))
    store = await openStore(url)
    archive = openArchive(url)
  })
  afterEach(async () => {
    await archive.close()
    await store.close()
  })

  it('writes instants in UTC', async () => {
    const { checkout } = await experiments()
    await archiving(checkout)
    for (const [file, column] of [
      ['assignments-00001', 'assigned_at'],
      ['rewards-00001', 'at'],
    ] as const) {
      const bytes = await asyncBufferFromFile(join(folder, 'checkout', `${file}.parquet`))
      const { schema } = await parquetMetadataAsync(bytes)
      expect(schema.find(({ name }) => name === column)).toMatchObject({
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        repetition_type: 'REQUIRED',
      })
      const [row] = await parquetReadObjects({ file: bytes })
      expect(row?.[column]).toBeInstanceOf(Date)
    }
  })

  it('leaves the files of another run that was faster', async () => {
    const { checkout } = await experiments()
    const slower = archiving(checkout, { archive: disturbed(() => archiving(checkout)) })
    expect(await slower).toEqual({ assignments: 0, rewards: 0 })
    const files = await archive.findArchives(checkout.id)
    expect(readdirSync(join(folder, 'checkout')).toSorted()).toEqual(
      files.map(({ file }) => file.replace('checkout/', '')).toSorted(),
    )
    expect(await verify({ store }, checkout)).toMatchObject({ units: 0, archived: 60, discrepancies: [] })
  })

  it('moves every fact to files, and leaves reports, other experiments and what verify can tell', async () => {
    const { checkout, search } = await experiments()
    const [facts, others, reports] = [await factsOf(checkout), await factsOf(search), await reportsOf(store)]
    const rewards = facts.reduce((sum, unit) => sum + unit.rewards.length, 0)
    expect(await archiving(checkout)).toEqual({ assignments: 60, rewards })
    expect(await factsOf(checkout)).toEqual([])
    expect(await archive.countFacts(checkout.id)).toEqual({ assignments: 0, rewards: 0 })
    expect(await factsOf(search)).toEqual(others)
    expect(await reportsOf(store)).toBe(reports)
    expect(await verify({ store }, checkout)).toMatchObject({ units: 0, archived: 60, rewards: 0, discrepancies: [] })
    expect(await verify({ store }, search)).toMatchObject({ units: 60, archived: 0, discrepancies: [] })
    const files = await archive.findArchives(checkout.id)
    expect(files.map(({ file, rows }) => [file, rows > 0])).toEqual(
      [1, 2, 3].flatMap(number => [
        [`checkout/assignments-0000${number}.parquet`, true],
        [`checkout/rewards-0000${number}.parquet`, true],
      ]),
    )
    expect(archiveFaults(folder, files)).toEqual([])
    const rows = await Promise.all(
      files.map(async ({ file }) => parquetReadObjects({ file: await asyncBufferFromFile(join(folder, file)) })),
    )
    const [kept, earned] = [[rows[0], rows[2], rows[4]].flat(), [rows[1], rows[3], rows[5]].flat()]
    expect(kept).toEqual(
      facts.map(({ unit, arm, propensity, snapshot, assignedAt }) => ({
        unit,
        arm: checkout.definition.arms[arm]?.key,
        propensity,
        snapshot,
        assigned_at: new Date(assignedAt),
      })),
    )
    expect(earned).toEqual(
      facts.flatMap(({ unit, rewards }) =>
        rewards.map(({ metricPosition, sequence, value, at, isCounted, total, id }) => ({
          unit,
          metric: checkout.definition.metrics[metricPosition]?.key,
          sequence,
          value,
          at: new Date(at),
          counted: isCounted,
          total,
          event_id: id,
        })),
      ),
    )
    const other =
      engine === 'SQLite' ? server.urlOf(await server.createDatabase()) : `sqlite:${join(folder, 'copy.db')}`
    if (engine === 'SQLite') await store.close()
    await copyStore({ from: url, to: other })
    store = await openStore(other)
    expect(await verify({ store }, checkout)).toMatchObject({ archived: 60, discrepancies: [] })
  })

  it('keeps contexts in a column of the files, and their sums and rules in the database', async () => {
    const experiment = await liveWithFeatures([store])
    const [facts, sums] = [await factsOf(experiment), await store.readSums(experiment.id)]
    await archiving(experiment, { limit: { units: 999, rewards: 999 } })
    expect(await factsOf(experiment)).toEqual([])
    const [assignments] = await archive.findArchives(experiment.id)
    const file = await asyncBufferFromFile(join(folder, assignments?.file ?? ''))
    const rows = await parquetReadObjects({ file })
    expect(rows.map(({ unit, context }) => [unit, context])).toEqual(facts.map(({ unit, context }) => [unit, context]))
    expect(new Set(facts.map(({ context }) => context)).size).toBe(1 + (3 / 4) * FEATURED_UNITS)
    expect(await verify({ store }, experiment)).toMatchObject({ archived: FEATURED_UNITS, discrepancies: [] })
    expect(await store.readSums(experiment.id)).toEqual(sums)
    expect(await store.readRule(experiment.id, 2)).not.toBeNull()
  })

  it('leaves to archived units what the winner gives everybody, and counts nothing for them any more', async () => {
    const { checkout } = await experiments()
    await archiving(checkout)
    const deps = { store, catalogue: await Catalogue.load(store) }
    expect((await assign(deps, 'checkout', ['u20'], DEATH))[0]).toMatchObject({
      reason: 'winner',
      arm: { key: 'green' },
    })
    const reward = { unit: 'u20', metric: 'buy', value: 1, experiment: 'checkout', id: 'buy u20' }
    expect(await recordRewards(deps, [reward], DEATH)).toEqual([{ status: 'unassigned' }])
    expect(await archiving(checkout)).toEqual({ assignments: 0, rewards: 0 })
  })

  it('takes along a reward that comes while its part is being written', async () => {
    const { checkout } = await experiments()
    const deps = { store, catalogue: await Catalogue.load(store) }
    const reward = {
      unit: 'a',
      metric: 'spend',
      value: 3,
      experiment: 'checkout',
      at: checkout.startedAt ?? 0,
      id: 'x',
    }
    const late = { ...reward, at: (checkout.stoppedAt ?? 0) - 1, id: 'y' }
    const expected = (await archive.countFacts(checkout.id)).rewards + 2
    const come = disturbed(async () => {
      expect(await recordRewards(deps, [reward, late], DEATH)).toEqual([{ status: 'late' }, { status: 'recorded' }])
    })
    expect(await archiving(checkout, { archive: come })).toEqual({ assignments: 60, rewards: expected })
    expect(await verify({ store }, checkout)).toMatchObject({ archived: 60, discrepancies: [] })
  })

  it('goes on where it was broken off, and puts nothing over a file that it does not know', async () => {
    const { checkout } = await experiments()
    const broken = disturbed(() => Promise.reject(new Error('broken off')))
    await expect(archiving(checkout, { archive: broken })).rejects.toThrow('broken off')
    expect(readdirSync(join(folder, 'checkout'))).toEqual(['assignments-00001.parquet', 'rewards-00001.parquet'])
    expect((await archive.countFacts(checkout.id)).assignments).toBe(60)
    const enough = new AbortController()
    const onProgress = () => enough.abort(new Error('enough'))
    await expect(archiving(checkout, { onProgress, signal: enough.signal })).rejects.toThrow('enough')
    expect((await archive.countFacts(checkout.id)).assignments).toBe(35)
    expect(await verify({ store }, checkout)).toMatchObject({ units: 35, archived: 25, discrepancies: [] })
    writeFileSync(join(folder, 'checkout/rewards-00002.parquet'), 'dear to somebody')
    await expect(archiving(checkout)).rejects.toThrow('rewards-00002.parquet is there already, with other facts')
    rmSync(join(folder, 'checkout/rewards-00002.parquet'))
    expect(await archiving(checkout)).toMatchObject({ assignments: 35 })
    expect(await verify({ store }, checkout)).toMatchObject({ units: 0, archived: 60, discrepancies: [] })
  })
})

describe('archiveExperiment()', () => {
  it('waits for who had read an assignment before it went, and takes along what that one adds', async () => {
    const database = await server.createDatabase(`TEMPLATE ${born}`)
    store = await openStore(server.urlOf(database))
    archive = openArchive(server.urlOf(database))
    const { checkout } = await experiments()
    const client = await server.connect(database)
    let isIn = false
    const read = async () => {
      await client.query('BEGIN')
      await client.query('SELECT 1 FROM assignments LIMIT 1')
      setTimeout(async () => {
        isIn = true
        const last = "FROM rewards WHERE experiment_id = 1 AND unit = 'a' AND metric = 1 ORDER BY sequence DESC LIMIT 1"
        await client.query(`INSERT INTO rewards SELECT 1, 'a', 1, sequence + 1, 0, 0, false, total, 'late' ${last}`)
        await client.query('COMMIT')
      }, 250)
    }
    const { rewards } = await archive.countFacts(checkout.id)
    expect(await archiving(checkout, { archive: disturbed(read) })).toEqual({ assignments: 60, rewards: rewards + 1 })
    expect(isIn).toBe(true)
    await client.end()
    await archive.close()
    await store.close()
  })

  it('archives nothing where the ledger differs from the facts', async () => {
    const path = join(folder, 'x.db')
    copyFileSync(join(nursery, 'born.db'), path)
    change(path, 'UPDATE tallies SET units = units + 1')
    store = await openStore(`sqlite:${path}`)
    archive = openArchive(`sqlite:${path}`)
    const { checkout } = await experiments()
    await expect(archiving(checkout)).rejects.toThrow('the ledger of "checkout" differs from its facts: tally buy')
    expect(readdirSync(folder)).not.toContain('checkout')
    await archive.close()
    await store.close()
  })
})

describe('whyNotArchived()', () => {
  const stoppedAt = Date.UTC(2026, 0, 1)
  const metric = { key: 'm', type: 'binary', role: 'primary', goal: 'increase', range: [0, 1], margin: null } as const
  const metrics = [
    { ...metric, window: null },
    { ...metric, window: '14d' },
  ]
  const over = { status: 'stopped', winner: 'a', stoppedAt, definition: { metrics } } as unknown as Experiment
  const END = Date.UTC(2026, 0, 15)

  it.each<[string, Partial<Experiment>, number, string | null]>([
    ['one that is over', {}, END + 1, null],
    ['one whose last window ends just then', {}, END, 'it is over on 2026-01-15T00:00:00.000Z only'],
    ['one that runs', { status: 'running', stoppedAt: null, winner: null }, END + 1, 'it is running'],
    ['one that is paused', { status: 'paused', stoppedAt: null, winner: null }, END + 1, 'it is paused'],
    ['a draft', { status: 'draft', stoppedAt: null, winner: null }, END + 1, 'it is a draft'],
    ['one without a winner', { winner: null }, END + 1, 'its units still get their arms'],
  ])('judges %s', (_, changes, before, reason) => {
    const told = whyNotArchived({ ...over, ...changes }, before)
    if (reason === null) expect(told).toBeNull()
    else expect(told).toContain(reason)
  })
})

describe('npx --no pinwheel archive, npx --no pinwheel verify', () => {
  const script = (name: string, ...parameters: string[]) =>
    promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url)), name, ...parameters],
      { cwd: folder, env: { PATH: process.env.PATH, DATABASE_URL: 'sqlite:x.db' } },
    )

  it('tell what goes and what stays, and find what was changed since', async () => {
    copyFileSync(join(nursery, 'born.db'), join(folder, 'x.db'))
    const { stdout } = await script('archive', '--before', '2026-01-01', '--to', 'archive')
    expect(stdout).toMatch(/^checkout: 60 assignments and \d+ rewards archived\nsearch: stay: it is running\n$/)
    const [assignments = '', rewards = ''] = readdirSync(join(folder, 'archive/checkout'))
    const file = await asyncBufferFromFile(join(folder, 'archive/checkout', assignments))
    expect((await parquetMetadataAsync(file)).key_value_metadata?.[0]).toMatchObject({
      key: 'pinwheel.experiment',
      value: expect.stringContaining('"salt":"salt of checkout"'),
    })
    writeFileSync(join(folder, 'archive/checkout', assignments), 'changed')
    rmSync(join(folder, 'archive/checkout', rewards))
    change(join(folder, 'x.db'), 'UPDATE archived_tallies SET units = units + 1 WHERE metric = 1')
    const verified = await script('verify', '--archive', 'archive').catch(failure => failure)
    expect(verified).toMatchObject({ code: 1, stderr: '' })
    expect(verified.stdout).toContain('checkout: 0 units and 60 archived, 0 rewards')
    expect(verified.stdout).toMatch(/tally spend, snapshot \d, arm \w+, units: recomputed/)
    expect(verified.stdout).toContain('archive/checkout/assignments-00001.parquet was changed')
    expect(verified.stdout).toContain('archive/checkout/rewards-00001.parquet is not there')
    expect(verified.stdout).toContain('archive: 2 files: 2 DIFFERENCES')
  })

  it('refuse what is no day', async () => {
    const asked = script('archive', '--to', 'x', '--before', 'soon')
    const stderr = '--before must be a day as 2026-01-01, not "soon"\n'
    await expect(asked).rejects.toMatchObject({ code: 2, stderr })
  })
})

function change(path: string, sql: string): void {
  const db = new Database(path)
  expect(db.prepare(sql).run().changes).toBeGreaterThan(0)
  db.close()
}
