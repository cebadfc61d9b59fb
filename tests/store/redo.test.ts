// The redo log of SQLite: what was acknowledged and is there alone is in the database again, once, whoever opens it; or the opener is
// told why it cannot be.
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { recordRewards } from '../../src/bandit/record-rewards.ts'
import { refreshSnapshots } from '../../src/bandit/refresh-snapshots.ts'
import type { Store } from '../../src/bandit/store.ts'
import { DatabaseError } from '../../src/store/database-error.ts'
import { openStore } from '../../src/store/open.ts'
import { AT_REST } from '../../src/store/sqlite/database.ts'
import type { SqliteOptions } from '../../src/store/sqlite/open.ts'
import { bookOf, expectBalance } from '../support/book.ts'
import { DEATH, liveOn, reportsOf } from '../support/life.ts'
import { scratchFolder } from '../support/scratch.ts'

let folder: string
let path: string
let opened: Store[]

beforeEach(() => {
  folder = scratchFolder()
  path = join(folder, 'pinwheel.db')
  opened = []
})

afterEach(async () => {
  for (const store of opened) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(file: string, options: SqliteOptions = { isAlone: true }): Promise<Store> {
  const store = await openStore(`sqlite:${file}`, options)
  opened.push(store)
  return store
}

/** Units, rewards and a snapshot, acknowledged in the redo log: before the event loop is idle nothing else has them. */
async function goOn(store: Store, name: string): Promise<void> {
  const deps = { store, catalogue: await Catalogue.load(store) }
  const units = Array.from({ length: 40 }, (_, number) => `${name} ${number}`)
  await assign(deps, 'search', units, DEATH)
  const spent = units.map((unit, number) => ({ unit, metric: 'spend', value: number / 7, id: `of ${unit}` }))
  await recordRewards(deps, [...spent, { unit: `${name} 1`, metric: 'buy', value: 1 }], DEATH)
  await refreshSnapshots(deps, DEATH)
  await assign(deps, 'search', [name], DEATH)
}

/** Goes on, and answers the copy that a process which was killed then would leave, without the files that `isLost` names. */
async function crashed(store: Store, file: string, name: string, isLost = (_: string) => false): Promise<string> {
  await goOn(store, name)
  return left(file, isLost)
}

function left(file: string, isLost = (_: string) => false): string {
  const copy = `${file}.left`
  for (const suffix of AT_REST) {
    if (existsSync(file + suffix) && !isLost(suffix)) copyFileSync(file + suffix, copy + suffix)
  }
  return copy
}

/** Everything that is in it, and that its books balance. */
async function contentsOf(store: Store): Promise<unknown> {
  await expectBalance({ store })
  return { book: await bookOf({ store, catalogue: new Catalogue() }), reports: await reportsOf(store) }
}

/** How many rows the database has, whatever is in its redo log. */
function countIn(file: string, table = 'assignments'): number {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() as number
  } finally {
    db.close()
  }
}

async function refusal(file: string): Promise<string> {
  const refused = openStore(`sqlite:${file}`)
  await expect(refused).rejects.toBeInstanceOf(DatabaseError)
  return refused.then(String, (error: Error) => error.message)
}

/** Overwrites the pages of a table that have no others below them. */
function damage(file: string, table: string): void {
  const db = new Database(file)
  const size = db.pragma('page_size', { simple: true }) as number
  const leaves = db.prepare<[string], number>("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
  const pages = leaves.pluck().all(table)
  db.close()
  const bytes = openSync(file, 'r+')
  for (const page of pages) writeSync(bytes, Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size)
  closeSync(bytes)
}

describe('what a killed service had acknowledged', () => {
  it.each<[string, SqliteOptions]>([
    ['the next service', { isThreaded: true, isAlone: true }],
    ['one of several processes', { isThreaded: true }],
    ['a script', {}],
  ])('is in the database once %s has opened it, and when it is opened again', async (_, options) => {
    const store = await open(path)
    await liveOn(store)
    const before = countIn(path)
    const file = await crashed(store, path, 'late')
    // The control: the database alone has none of it.
    expect(countIn(file)).toBe(before)
    const known = await contentsOf(store)
    const first = await open(file, options)
    expect(await contentsOf(first)).toEqual(known)
    await first.close()
    expect(countIn(file)).toBe(before + 41)
    expect(await contentsOf(await open(file, options))).toEqual(known)
  })

  it('takes a snapshot that the first edition has left there as one without verdicts', async () => {
    const store = await open(path)
    await liveOn(store)
    const [experiment] = (await store.findExperiments()).filter(({ status }) => status === 'running')
    if (experiment === undefined) throw new Error('one is running')
    const last = (await store.findSnapshots(experiment.id)).at(-1)
    if (last === undefined) throw new Error('it has a snapshot')
    const { allDecided, units, lastAssignedAt, ...snapshot } = last
    const next = { ...snapshot, version: experiment.version, number: last.number + 1 }
    expect(await store.takeSnapshot(experiment.id, next as never)).toBe(true)
    const other = await open(left(path))
    expect((await other.findSnapshots(experiment.id)).at(-1)).toMatchObject({ number: next.number, allDecided: false })
  })

  it('is there after a second crash, with what the second one had acknowledged', async () => {
    const store = await open(path)
    await liveOn(store)
    const before = countIn(path)
    const file = await crashed(store, path, 'late')
    const second = await open(file)
    const again = await crashed(second, file, 'later')
    expect(await contentsOf(await open(again))).toEqual(await contentsOf(second))
    expect(countIn(again)).toBe(before + 41 + 41)
  })

  it('is there though no commit to the database was ever synced', async () => {
    const store = await open(path)
    await liveOn(store)
    await store.close()
    const before = countIn(path)
    const living = await open(path)
    await goOn(living, 'late')
    await vi.waitFor(() => expect(countIn(path)).toBe(before + 41))
    const file = left(path, suffix => suffix === '-wal')
    expect(countIn(file)).toBe(before)
    expect(await contentsOf(await open(file))).toEqual(await contentsOf(living))
  })

  it('is not said again where a stop has left it in the database', async () => {
    const store = await open(path)
    await liveOn(store)
    await goOn(store, 'late')
    expect(countIn(`${path}-redo`, 'entries')).toBeGreaterThan(0)
    const known = await contentsOf(store)
    await store.close()
    expect(countIn(`${path}-redo`, 'entries')).toBe(0)
    const file = left(path, suffix => suffix !== '')
    expect(await contentsOf(await open(file))).toEqual(known)
  })
})

describe('a redo log', () => {
  it('ends with the books of a database that has none, however often the two are settled', async () => {
    const plain = join(folder, 'plain.db')
    const lives = [await open(path), await open(plain, {})]
    for (const store of lives) await liveOn(store)
    for (const name of ['late', 'later', 'latest']) {
      for (const store of lives) await goOn(store, name)
      await vi.waitFor(() => expect(countIn(path)).toBe(countIn(plain)))
    }
    const [logged, known] = await Promise.all(lives.map(contentsOf))
    expect(logged).toEqual(known)
    expect(countIn(path, 'rewards')).toBe(countIn(plain, 'rewards'))
  })
})

/** How often the database's own log has begun anew since the file was opened, as its header tells. */
function beginningsOf(file: string): number {
  return readFileSync(`${file}-wal`).readUInt32BE(12)
}

function firstEntryIn(file: string): number {
  const log = new Database(`${file}-redo`, { readonly: true })
  try {
    return log.prepare<[], number>('SELECT min(position) FROM entries').pluck().get() ?? Number.POSITIVE_INFINITY
  } finally {
    log.close()
  }
}

describe('a database that is written without a pause', () => {
  it('empties its logs meanwhile, and loses nothing by a power cut right after it', async () => {
    const service = await open(path, { isThreaded: true, isAlone: true })
    await liveOn(service)
    const deps = { store: service, catalogue: await Catalogue.load(service) }
    const [before, first] = [countIn(path), firstEntryIn(path)]
    let units = 0
    // Long names in no order: each commit touches every page, and what it takes to fill the log is soon there.
    const goOn = async () => {
      const names = Array.from({ length: 5_000 }, () => `${randomUUID()} ${'who has a long name '.repeat(10)}`)
      await assign(deps, 'search', names, DEATH)
      units += names.length
    }
    while (firstEntryIn(path) === first && units < 500_000) await goOn()
    const file = left(path, suffix => suffix === '-wal')
    expect(firstEntryIn(file)).toBeGreaterThan(first)
    await (await open(file)).close()
    expect(countIn(file)).toBe(before + units)
    await goOn()
    await vi.waitFor(() => expect(beginningsOf(path)).toBeGreaterThan(0))
  })
})

describe('the file of a redo log', () => {
  it('is as private as the database', async () => {
    const store = await open(path, {})
    await store.close()
    chmodSync(path, 0o600)
    await liveOn(await open(path))
    const modes = AT_REST.map(suffix => statSync(path + suffix).mode & 0o777)
    expect(modes).toEqual(AT_REST.map(() => 0o600))
  })

  it('is refused, by name, where the database is too damaged for what it has', async () => {
    const store = await open(path)
    await liveOn(store)
    await store.close()
    const file = await crashed(await open(path), path, 'late', suffix => suffix === '-wal')
    damage(file, 'assignments')
    expect(await refusal(file)).toContain('a page that its redo log needs is damaged')
  })
})

describe('a redo log that does not fit', () => {
  it('is refused where it belongs to another database', async () => {
    const store = await open(path)
    await liveOn(store)
    const file = await crashed(store, path, 'late')
    const other = await open(join(folder, 'other.db'))
    await liveOn(other)
    await other.close()
    copyFileSync(join(folder, 'other.db'), file)
    rmSync(`${file}-wal`)
    expect(await refusal(file)).toContain('the redo log beside it belongs to another state of it')
    // As it says: without the log the copy is a database.
    for (const suffix of ['-redo', '-redo-wal', '-redo-shm']) rmSync(file + suffix, { force: true })
    const alone = await open(file)
    expect((await alone.findExperiments()).length).toBe(2)
  })

  it('is refused where it continues a later state', async () => {
    const store = await open(path)
    await liveOn(store)
    const file = await crashed(store, path, 'late')
    const log = new Database(`${file}-redo`)
    const { position } = new Database(file).prepare('SELECT position FROM redo_position').get() as { position: number }
    log.prepare('DELETE FROM entries WHERE position = ?').run(position + 1)
    log.close()
    expect(await refusal(file)).toContain('the redo log beside it belongs to another state of it')
  })

  it('is refused where another version has written it', async () => {
    const store = await open(path)
    await liveOn(store)
    await store.close()
    const log = new Database(`${path}-redo`)
    log.pragma('user_version = 99')
    log.close()
    expect(await refusal(path)).toContain('another version of Pinwheel has written it')
  })
})

describe('a service that never pauses', () => {
  it('lets other processes write, and loses no assignment by it', async () => {
    const service = await open(path, { isThreaded: true, isAlone: true })
    await liveOn(service)
    const script = await open(path, { isThreaded: true })
    const deps = { store: service, catalogue: await Catalogue.load(service) }
    let [isOver, unit] = [false, 0]
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const [assigned] = await assign(deps, 'search', [`busy ${unit++}`], DEATH)
        expect(assigned).toMatchObject({ reason: 'assigned' })
      }
    })
    for (let number = 0; number < 20; number++) {
      const webhook = { url: 'https://example.com/', events: ['verdict'], secret: 's', createdAt: 0 } as const
      await script.createWebhook({ ...webhook, id: `busy ${number}`, experimentId: null })
    }
    isOver = true
    await Promise.all(load)
    expect(await service.findWebhooks()).toHaveLength(2 + 20)
    expect(unit).toBeGreaterThan(100)
    await expectBalance({ store: service })
  })
})
