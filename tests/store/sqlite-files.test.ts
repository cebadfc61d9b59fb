// A file that is not what it was is told, while a service uses it and when one starts; what has a
// redo log of version 0.1.0 is refused.
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { DEATH, liveOn } from '../support/life.ts'
import { scratchFolder } from '../support/scratch.ts'

let folder: string
let path: string
let opened: Store[]
let turns: unknown[]

beforeEach(() => {
  folder = scratchFolder()
  path = join(folder, 'pinwheel.db')
  opened = []
  turns = []
})

afterEach(async () => {
  for (const store of opened) await store.close()
  rmSync(folder, { recursive: true })
})

async function serve(file = path): Promise<Store> {
  const store = await openStore(`sqlite:${file}`, { isServed: true, onHealthChange: error => turns.push(error) })
  opened.push(store)
  return store
}

async function assignOne(store: Store, unit: string): Promise<string> {
  const [assigned] = await assign({ store, catalogue: await Catalogue.load(store) }, 'search', [unit], DEATH)
  return assigned?.reason ?? 'none'
}

/** When the mark beside the file is as high as the one in it. */
async function marked(file = path): Promise<void> {
  await vi.waitFor(() => {
    const db = new Database(file, { readonly: true })
    const { number } = db.prepare('SELECT number FROM marks').get() as { number: number }
    db.close()
    expect(JSON.parse(readFileSync(`${file}-mark`, 'utf8'))).toMatchObject({ number })
  })
}

/** The files as a service that is killed now leaves them. */
function left(suffixes: readonly string[]): string {
  const copy = join(folder, 'left.db')
  for (const suffix of suffixes) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
  return copy
}

describe('a service whose file', () => {
  const CASES: [what: string, meddle: () => void, told: string][] = [
    ['was removed', () => rmSync(path), 'was removed or renamed while the service uses it'],
    ['was renamed', () => renameSync(path, `${path}.old`), 'was removed or renamed while the service uses it'],
    [
      'was replaced',
      () => {
        copyFileSync(path, `${path}.copy`)
        renameSync(`${path}.copy`, path)
      },
      'was replaced while the service uses it',
    ],
    ['has lost its log', () => rmSync(`${path}-wal`), '-wal was removed while the service uses it'],
    [
      'has a log that was cut',
      () => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size / 2),
      '-wal was cut short while the service uses it',
    ],
  ]

  it.each(CASES)('%s is not ready, says why, and accepts nothing', async (_, meddle, told) => {
    const store = await serve()
    await liveOn(store)
    await store.ping()
    meddle()
    await expect(store.ping()).rejects.toMatchObject({ cause: { message: expect.stringContaining(told) } })
    expect(turns).toMatchObject([{ message: expect.stringContaining(told) }])
    await expect(
      store.keepAssignments({
        experimentId: 2,
        snapshot: 1,
        assignedAt: 0,
        metrics: [],
        units: [{ unit: 'new', arm: 0, propensity: 1 }],
      }),
    ).rejects.toMatchObject({ cause: { message: expect.stringContaining(told) } })
  })

  it('was put back is ready again', async () => {
    const store = await serve()
    await liveOn(store)
    renameSync(path, `${path}.old`)
    await expect(store.ping()).rejects.toThrow('The store is unavailable')
    renameSync(`${path}.old`, path)
    await store.ping()
    expect(await assignOne(store, 'new')).toBe('assigned')
  })
})

describe('the start of a service', () => {
  it('goes on with what a killed one has left: the control of the below', async () => {
    await liveOn(await serve())
    await marked()
    const file = left(['', '-wal', '-mark'])
    expect(await assignOne(await serve(file), 'Ä')).toBe('kept')
  })

  it('is refused where the log of a killed one is gone, or was cut below what had been marked', async () => {
    await (await serve()).close()
    await liveOn(await serve())
    await marked()
    const file = left(['', '-mark'])
    await expect(serve(file)).rejects.toThrow('older than what was served here last')
    left(['', '-wal', '-mark'])
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true })
    copyFileSync(`${path}-wal`, `${file}-wal`)
    truncateSync(`${file}-wal`, 32)
    await expect(serve(file)).rejects.toThrow('older than what was served here last')
  })

  it("is refused where yesterday's file was put back, or another one, until its mark is removed", async () => {
    const first = await serve()
    await liveOn(first)
    await first.close()
    copyFileSync(path, `${path}.yesterday`)
    const second = await serve()
    expect(await assignOne(second, 'today')).toBe('assigned')
    await second.close()
    copyFileSync(`${path}.yesterday`, path)
    await expect(serve()).rejects.toThrow(
      `Cannot serve the database ${path}: it is older than what was served here last`,
    )
    const other = await serve(join(folder, 'other.db'))
    await other.close()
    copyFileSync(join(folder, 'other.db'), path)
    await expect(serve()).rejects.toThrow('it is another one than was served here last')
    rmSync(`${path}-mark`)
    expect(await (await serve()).findExperiments()).toEqual([])
  })

  it('is refused where the file is gone and a new one would be made in its place', async () => {
    const store = await serve()
    await liveOn(store)
    await store.close()
    rmSync(path)
    await expect(serve()).rejects.toThrow('it is another one than was served here last')
  })

  it('does not mind a mark that a power cut has torn', async () => {
    const store = await serve()
    await liveOn(store)
    await store.close()
    truncateSync(`${path}-mark`, 7)
    expect(await assignOne(await serve(), 'Ä')).toBe('kept')
  })
})

describe('a redo log of version 0.1.0', () => {
  async function leaveRedoLog(entries: number): Promise<void> {
    await (await openStore(`sqlite:${path}`)).close()
    const log = new Database(`${path}-redo`)
    log.pragma('journal_mode = WAL')
    log.exec('CREATE TABLE entries (position INTEGER PRIMARY KEY, numbers BLOB) STRICT')
    for (let entry = 0; entry < entries; entry++) log.exec("INSERT INTO entries (numbers) VALUES (x'00')")
    log.close()
  }

  it('is refused by name where it holds facts', async () => {
    await leaveRedoLog(1)
    await expect(serve()).rejects.toThrow('facts that only the version that wrote it can carry over')
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow('Start that version once, and stop it with SIGTERM')
    expect(existsSync(`${path}-redo`)).toBe(true)
  })

  it('is removed where a clean stop has emptied it', async () => {
    await leaveRedoLog(0)
    expect(await (await serve()).findExperiments()).toEqual([])
    expect(existsSync(`${path}-redo`)).toBe(false)
  })
})
