// Nobody is answered before what was written, or read, is on the disk; what cannot be synced is not
// believed to be.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { DEATH, liveOn } from '../../support/life.ts'
import { scratchFolder } from '../../support/scratch.ts'

/** How a process ends after `work`, given as the text of a program. */
function endOf(work: string): { readonly signal: string | null; readonly told: string } {
  const program = `
    import Database from 'better-sqlite3'
    import { endingOnSyncFailure } from './src/store/sqlite/files/sync-failure.ts'
    import { openStore } from './src/store/open.ts'
    setTimeout(() => console.error('alive'), 300)
    ${work}`
  const cwd = new URL('../../..', import.meta.url)
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd })
  return { signal, told: String(stderr) }
}

describe('a sync that fails', () => {
  it('ends the process at once, and says why, where SQLite itself makes it', () => {
    const { signal, told } = endOf(`endingOnSyncFailure('pinwheel.db', () => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC')
    })`)
    expect(signal).toBe('SIGKILL')
    expect(told).toContain('pinwheel.db could not be synced (disk I/O error)')
    expect(told).not.toContain('alive')
  })

  it('ends the process at once where the store makes it, and nobody is answered', () => {
    const folder = scratchFolder()
    const { signal, told } = endOf(`
      const sync = async () => { throw new Error('EIO: i/o error, fdatasync') }
      const store = await openStore('sqlite:${join(folder, 'pinwheel.db')}', { sync })
      await store.findAssignments(1, ['u'])
      console.error('answered')`)
    rmSync(folder, { recursive: true })
    expect(signal).toBe('SIGKILL')
    expect(told).toContain('pinwheel.db-wal could not be synced (EIO: i/o error, fdatasync)')
    expect(told).not.toContain('answered')
  })

  it('is told from a write that fails, which the next commit may try again', () => {
    const { signal, told } = endOf(`try {
      endingOnSyncFailure('pinwheel.db', () => { throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE') })
    } catch (error) { console.error('thrown', error.code) }`)
    expect(signal).toBeNull()
    expect(told).toBe('thrown SQLITE_IOERR_WRITE\nalive\n')
  })
})

describe('the barrier', () => {
  let folder: string
  let path: string
  let store: Store
  /** Syncs that have begun and are to be ended by the test. */
  let syncs: (() => void)[]
  let isHeld: boolean

  beforeEach(async () => {
    folder = scratchFolder()
    path = join(folder, 'pinwheel.db')
    ;[syncs, isHeld] = [[], false]
    const sync = async () => {
      if (isHeld) await new Promise<void>(resolve => syncs.push(resolve))
    }
    store = await openStore(`sqlite:${path}`, { sync })
    await liveOn(store)
    isHeld = true
  })

  afterEach(async () => {
    isHeld = false
    for (const end of syncs) end()
    await store.close()
    rmSync(folder, { recursive: true })
  })

  /** Whether it is answered while no sync ends. */
  async function isAnswered(asked: Promise<unknown>): Promise<boolean> {
    const late = new Promise(resolve => setTimeout(resolve, 60, 'late'))
    return (await Promise.race([asked, late])) !== 'late'
  }

  function rowsSeenBeside(): number {
    const db = new Database(path, { readonly: true })
    try {
      return db.prepare<[], number>("SELECT count(*) FROM assignments WHERE unit LIKE 'new %'").pluck().get() as number
    } finally {
      db.close()
    }
  }

  it('holds back a write until a sync that began after its commit has ended', async () => {
    const deps = { store, catalogue: await Catalogue.load(store) }
    const asked = assign(deps, 'search', ['new 1'], DEATH)
    expect(await isAnswered(asked)).toBe(false)
    expect(syncs).toHaveLength(1)
    syncs[0]?.()
    expect(await asked).toMatchObject([{ reason: 'assigned' }])
    expect(rowsSeenBeside()).toBe(1)
  })

  it('holds back no read where nothing was committed since the last sync began', async () => {
    expect(await isAnswered(store.findAssignments(2, ['Ä']))).toBe(true)
    expect(syncs).toHaveLength(0)
  })

  it('holds back a read of what another connection has committed', async () => {
    const other = new Database(path)
    other.pragma('synchronous = NORMAL')
    other.exec(
      "INSERT INTO assignments SELECT experiment_id, 'new 2', arm, propensity, snapshot, assigned_at, context FROM assignments WHERE unit = 'Ä'",
    )
    other.close()
    const asked = store.findAssignments(2, ['new 2'])
    expect(await isAnswered(asked)).toBe(false)
    syncs[0]?.()
    expect(await asked).toMatchObject([{ unit: 'new 2' }])
  })

  it('lets reports be read, and answers kept units and fallback, while a sync hangs', async () => {
    const deps = { store, catalogue: await Catalogue.load(store) }
    const hanging = assign(deps, 'search', ['new 3', 'Ä'], DEATH)
    const startedAt = performance.now()
    const answers = await hanging
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    // The first may have been kept; nobody can know.
    expect(answers).toMatchObject([{ reason: 'fallback' }, { reason: 'kept' }])
    expect(await assign(deps, 'search', ['a', 'new 3', 'new 4'], DEATH)).toMatchObject([
      { reason: 'kept' },
      { reason: 'fallback' },
      { reason: 'fallback' },
    ])
    expect((await store.findSnapshots(2)).length).toBeGreaterThan(0)
    isHeld = false
    syncs[0]?.()
    await vi.waitFor(async () =>
      expect(await assign(deps, 'search', ['new 3', 'new 4'], DEATH)).toMatchObject([
        { reason: 'kept' },
        { reason: 'assigned' },
      ]),
    )
  })
})
