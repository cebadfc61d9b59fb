import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { DatabaseError } from '../../src/store/database-error.ts'
import { openStore } from '../../src/store/open.ts'
import type { Commit, Store } from '../../src/store/port.ts'
import { describeContexts } from '../conformance/contexts.ts'
import { describeStore, type Database as StoreDatabase } from '../conformance/store.ts'
import { blankDatabase } from '../support/blank-database.ts'
import { scratchFolder } from '../support/scratch.ts'

for (const [name, options] of [
  ['SQLite', {}],
  ['SQLite of a service', { isServed: true }],
] as const) {
  const createDatabase = async (): Promise<StoreDatabase> => {
    const folder = scratchFolder()
    const path = join(folder, 'pinwheel.db')
    writeFileSync(path, await blankDatabase())
    const url = `sqlite:${path}`
    return {
      open: () => openStore(url, options),
      openBeside: () => openStore(url),
      destroy: async () => rmSync(folder, { recursive: true }),
    }
  }
  describeStore(name, createDatabase)
  describeContexts(name, createDatabase)
}

describe('openSqlite()', () => {
  let folder: string
  let path: string
  let files = 0

  beforeEach(() => {
    folder = scratchFolder()
    path = join(folder, 'pinwheel.db')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('makes the file, the folders above it and the schema', async () => {
    const url = `sqlite:${join(folder, 'deep', 'er', 'pinwheel.db')}`
    for (let opening = 0; opening < 2; opening++) {
      const store = await openStore(url)
      expect(await store.findExperiments()).toEqual([])
      await store.close()
    }
  })

  it('writes ahead, so that readers never wait for a writer', async () => {
    const store = await openStore(`sqlite:${path}`)
    const db = new Database(path)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    db.close()
    await store.close()
  })

  it('refuses a database that newer code has migrated', async () => {
    await (await openStore(`sqlite:${path}`)).close()
    const db = new Database(path)
    db.exec("INSERT INTO migrations VALUES (9999, 'invent_future', 'x')")
    db.close()
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow('migration 9999 (invent_future)')
  })

  it('refuses a database one of whose migrations was edited after it ran', async () => {
    await (await openStore(`sqlite:${path}`)).close()
    const db = new Database(path)
    db.exec("UPDATE migrations SET checksum = 'edited' WHERE number = 1")
    db.close()
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow('was edited after it had run')
  })

  it('says which file it cannot open, and why', async () => {
    writeFileSync(path, 'This is no database, whatever its name says. '.repeat(40))
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow(
      `Cannot open the database ${path}: file is not a database`,
    )
    await expect(openStore(`sqlite:${path}/below/a/file.db`)).rejects.toBeInstanceOf(DatabaseError)
  })

  it('migrates once, though two processes start at the same time', async () => {
    const stores = await Promise.all([openStore(`sqlite:${path}`), openStore(`sqlite:${path}`)])
    for (const store of stores) expect(await store.findExperiments()).toEqual([])
    for (const store of stores) await store.close()
  })

  it('fails as unavailable once it is closed', async () => {
    const store = await openStore(`sqlite:${path}`)
    await store.close()
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailableError)
    await expect(store.findAssignments(1, ['u1'])).rejects.toBeInstanceOf(StoreUnavailableError)
  })

  it('refuses a URL that it does not know', async () => {
    await expect(openStore('mysql://localhost/x')).rejects.toThrow('DATABASE_URL must be sqlite:')
    await expect(openStore('sqlite:')).rejects.toThrow('DATABASE_URL must be sqlite:')
  })

  it('tells of each commit', async () => {
    const commits: Commit[] = []
    const store = await openStore(`sqlite:${path}`, { onCommit: commit => commits.push(commit) })
    await Promise.all([createNumbered(store, 1), createNumbered(store, 2), store.findExperiments()])
    await createNumbered(store, 3)
    expect(commits.map(({ commands }) => commands)).toEqual([2, 1])
    for (const { ms } of commits) expect(ms).toBeGreaterThan(0)
    await store.close()
  })

  it('shares one commit among what arrives in one turn', async () => {
    // A commit writes every page that it touched to the log, so many commits of the same few pages
    // write them many times.
    const logBytes = async (keep: (store: Store) => Promise<unknown>) => {
      const file = join(folder, `${files++}.db`)
      const store = await openStore(`sqlite:${file}`)
      const before = statSync(`${file}-wal`).size
      await keep(store)
      const bytes = statSync(`${file}-wal`).size - before
      expect(await store.findExperiments()).toHaveLength(50)
      await store.close()
      return bytes
    }
    const numbers = Array.from({ length: 50 }, (_, number) => number)
    const together = await logBytes(store => Promise.all(numbers.map(number => createNumbered(store, number))))
    const oneByOne = await logBytes(async store => {
      for (const number of numbers) await createNumbered(store, number)
    })
    expect(oneByOne).toBeGreaterThan(5 * together)
  })
})

function createNumbered(store: Store, number: number) {
  const definition = completeDefinition({
    key: `experiment-${number}`,
    arms: [{ key: 'a' }, { key: 'b' }],
    metrics: [{ key: 'm', type: 'binary', role: 'primary' }],
  })
  const change = { version: 1, at: 0, actor: 'test', action: 'created', reason: null, changes: [] } as const
  return store.createExperiment({ definition, salt: 's', createdAt: 0 }, change)
}
