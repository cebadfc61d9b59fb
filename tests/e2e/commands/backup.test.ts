// Backups of a service under load hold what it had acknowledged, and a restored one serves on; and
// nothing is overwritten, left half done, or put in place unproved.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { audit } from '../../../scripts/crash/audit.ts'
import { EXPERIMENT } from '../../../scripts/crash/definition.ts'
import { Load } from '../../../scripts/crash/load.ts'
import { ClientRecord, type Mark } from '../../../scripts/crash/record.ts'
import { onFile } from '../../../scripts/crash/service-process.ts'
import { ask, prepare, withService } from '../../../scripts/crash/session.ts'
import { type BackUpOptions, backUp } from '../../../src/cli/backup/back-up.ts'
import { copyDatabase } from '../../../src/cli/backup/copy-database.ts'
import { type RestoreOptions, restore } from '../../../src/cli/backup/restore.ts'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { claimStore, openStore } from '../../../src/store/open.ts'
import { NOON, startExperiment, startService } from '../../support/http/service.ts'
import { scratchFolder } from '../../support/scratch.ts'

/** Some start processes; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 60_000 })

let folder: string
let databasePath: string
let file: string
beforeEach(() => {
  folder = scratchFolder()
  databasePath = join(folder, 'pinwheel.db')
  file = join(folder, 'backup.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const restoring = (changes: Partial<RestoreOptions> = {}) =>
  restore({ file, databasePath: join(folder, 'restored.db'), now: NOON, ...changes })
const backingUp = (changes: Partial<BackUpOptions> = {}) => backUp({ databasePath, file, ...changes })

/** 100 units, made once. The log beside the file has all of it: nobody has closed it. */
const prepared = (async () => {
  const service = await startService()
  await startExperiment(service)
  const units = Array.from({ length: 100 }, (_, unit) => `u-${unit}`)
  await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
  const [bytes, log] = [readFileSync(service.databasePath), readFileSync(`${service.databasePath}-wal`)]
  await service.close()
  return { bytes, log }
})()

async function putDatabase(path = databasePath): Promise<void> {
  const { bytes, log } = await prepared
  writeFileSync(path, bytes)
  writeFileSync(`${path}-wal`, log)
}

async function unitsIn(path: string): Promise<number> {
  const store = await openStore(`sqlite:${path}`)
  const units = await store.readTotals(1, { after: null, limit: 1_000, metricCount: 1 })
  await store.close()
  return units.length
}

describe('a backup under load', () => {
  it('contains all that was acknowledged before it, its ledger is correct, and a service on it gives the same arms', async () => {
    const record = new ClientRecord()
    const load = new Load(record, seededChance(1, 1))
    const backups: { file: string; mark: Mark; newest: string[] }[] = []
    await withService(onFile(databasePath), async (service, connection) => {
      await prepare(connection)
      const working = load.run(connection)
      for (const name of ['first.db', 'second.db']) {
        const before = record.counts.rewards
        await vi.waitFor(() => expect(record.counts.rewards).toBeGreaterThan(before + 200), {
          timeout: 50_000,
          interval: 5,
        })
        const mark = record.mark
        await backingUp({ file: join(folder, name) })
        backups.push({ file: join(folder, name), mark, newest: record.units.slice(0, mark.units) })
      }
      await load.change(connection)
      load.end()
      await working
      await service.stop()
    })
    expect(record.losses).toEqual([])
    for (const { file, mark, newest } of backups) {
      const restored = `${file}.restored`
      const { units } = await restoring({ file, databasePath: restored })
      expect(units).toBeGreaterThanOrEqual(mark.units)
      expect(await audit(`sqlite:${restored}`, record, mark)).toEqual([])
      // The control: what came later is not in it, and would be missed.
      expect((await audit(`sqlite:${restored}`, record, record.mark)).length).toBeGreaterThan(0)
      await withService(onFile(restored), async (_, connection) => {
        const body = JSON.stringify({ experiment: EXPERIMENT, units: newest })
        const { assignments } = JSON.parse(await ask(connection, 'POST', '/assign/batch', body))
        for (const assignment of assignments) record.hearKept(assignment)
      })
      expect(record.losses).toEqual([])
    }
  })
})

describe('copyDatabase()', () => {
  it('ends, with the state of its beginning, though another connection writes between its steps', async () => {
    const writer = new Database(databasePath)
    writer.pragma('journal_mode = WAL')
    writer.exec('CREATE TABLE rows (text TEXT)')
    const insert = writer.prepare('INSERT INTO rows VALUES (?)')
    // Several steps.
    writer.transaction(() => {
      for (let row = 0; row < 2_500; row++) insert.run('x'.repeat(8_000))
    })()
    let [steps, written] = [0, 0]
    await copyDatabase(databasePath, file, {
      onProgress() {
        steps += 1
        written += insert.run('later').changes
      },
    })
    expect(steps).toBeGreaterThan(3)
    expect(written).toBe(steps)
    const copy = new Database(file, { readonly: true })
    expect(copy.prepare('SELECT count(*) AS rows FROM rows').get()).toEqual({ rows: 2_500 })
    copy.close()
    writer.close()
    expect(existsSync(`${file}-wal`)).toBe(false)
  })
})

describe('backUp()', () => {
  it('answers what is in the copy, which is whole by itself and as private as the database', async () => {
    await putDatabase()
    chmodSync(databasePath, 0o600)
    expect(await backingUp()).toEqual({ experiments: 1, units: 100, newestFactAt: NOON })
    expect(readdirSync(folder).filter(name => name.startsWith('backup'))).toEqual(['backup.db'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('overwrites nothing unless it is told to', async () => {
    await putDatabase()
    writeFileSync(file, 'dear to somebody')
    await expect(backingUp()).rejects.toThrow(`${file} is there already; --force replaces it`)
    expect(readFileSync(file, 'utf8')).toBe('dear to somebody')
    expect(await backingUp({ force: true })).toMatchObject({ units: 100 })
  })

  it.each([
    ['the database', () => databasePath],
    ['its log', () => `${databasePath}-wal`],
    ['a link to it', () => link(symlinkSync)],
    ['another name of it', () => link(linkSync)],
  ])('does not write onto %s, even when forced', async (_, target) => {
    await putDatabase()
    await expect(backingUp({ file: target(), force: true })).rejects.toThrow('belongs to the database itself')
    expect(await unitsIn(databasePath)).toBe(100)
  })

  function link(how: (target: string, path: string) => void): string {
    how(databasePath, join(folder, 'alias.db'))
    return join(folder, 'alias.db')
  }

  it('leaves nothing behind when it is interrupted', async () => {
    await putDatabase()
    const before = readdirSync(folder)
    await expect(backingUp({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(readdirSync(folder).filter(name => !before.includes(name) && !name.endsWith('-shm'))).toEqual([])
  })

  it('keeps no copy of a damaged file', async () => {
    await putDatabase()
    const db = new Database(databasePath)
    db.pragma('wal_checkpoint(TRUNCATE)')
    const leaf = db.prepare("SELECT pgoffset FROM dbstat WHERE name = 'assignments' AND pagetype = 'leaf' LIMIT 1")
    const { pgoffset } = leaf.get() as { pgoffset: number }
    db.close()
    writeFileSync(databasePath, readFileSync(databasePath).fill(0xa5, pgoffset, pgoffset + 1_024))
    await expect(backingUp()).rejects.toThrow(/damaged|malformed/)
    expect(readdirSync(folder).filter(name => name.startsWith('backup'))).toEqual([])
  })
})

describe('restore()', () => {
  it('prints what it has restored, and includes the log beside a file', async () => {
    await putDatabase(file)
    expect(await restoring()).toEqual({ experiments: 1, units: 100, newestFactAt: NOON, oldPath: null })
    expect(await unitsIn(join(folder, 'restored.db'))).toBe(100)
  })

  it('refuses while a service uses the place, with every option', async () => {
    await putDatabase()
    await backingUp()
    const release = claimStore(`sqlite:${databasePath}`)
    await expect(restoring({ databasePath, force: true })).rejects.toThrow('another Pinwheel does already')
    release()
    expect(await restoring({ databasePath, force: true })).toMatchObject({ units: 100 })
  })

  it('destroys nothing: an existing database stays, or is moved aside with its log', async () => {
    const empty = await openStore(`sqlite:${file}`)
    await empty.close()
    await putDatabase()
    await expect(restoring({ databasePath })).rejects.toThrow('is there already; --force moves it aside')
    expect(await unitsIn(databasePath)).toBe(100)
    await putDatabase()
    const { oldPath, units } = await restoring({ databasePath, force: true })
    expect(units).toBe(0)
    expect(oldPath).toBe(`${databasePath}.before-2026-01-05T12-00-00-000Z`)
    expect(await unitsIn(oldPath as string)).toBe(100)
    expect(await unitsIn(databasePath)).toBe(0)
  })

  it('moves a file that is no database aside as it is, with its log', async () => {
    await putDatabase(file)
    writeFileSync(databasePath, 'rubbish')
    writeFileSync(`${databasePath}-wal`, 'its log')
    const oldPath = (await restoring({ databasePath, force: true })).oldPath as string
    expect([readFileSync(oldPath, 'utf8'), readFileSync(`${oldPath}-wal`, 'utf8')]).toEqual(['rubbish', 'its log'])
    expect(await unitsIn(databasePath)).toBe(100)
  })

  it.each<[string, () => void, RegExp]>([
    ['is no database', () => writeFileSync(file, 'x'.repeat(5_000)), /file is not a database/],
    ['is empty', () => writeFileSync(file, ''), /no database of Pinwheel/],
    ['is cut off', () => writeFileSync(file, readFileSync(file).subarray(0, -4_096)), /damaged|malformed/],
    [
      'newer code has written',
      () => change("INSERT INTO migrations VALUES (9999, 'later', 'x')"),
      /migration 9999 \(later\)/,
    ],
    [
      'has a wrong tally',
      () => change('UPDATE tallies SET units = units + 1'),
      /does not match its facts: tally visit/,
    ],
    [
      'has another arm for a unit',
      () => change("UPDATE assignments SET arm = 1 - min(1, arm) WHERE unit = 'u-7'"),
      /u-7/,
    ],
  ])('refuses a file that %s, and touches nothing', async (_, spoil, reason) => {
    await putDatabase()
    await backingUp()
    spoil()
    await expect(restoring({ databasePath, force: true })).rejects.toThrow(reason)
    expect(await unitsIn(databasePath)).toBe(100)
    expect(readdirSync(folder).filter(name => /part|before/.test(name))).toEqual([])
  })

  function change(sql: string): void {
    const db = new Database(file)
    db.exec(sql)
    db.close()
  }
})

describe('npx --no pinwheel backup, npx --no pinwheel restore', () => {
  const run = promisify(execFile)
  const pinwheel = fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url))
  const environment = () => ({ cwd: folder, env: { PATH: process.env.PATH, DATABASE_URL: `sqlite:${databasePath}` } })

  it('complete a round trip, and report a refusal in one sentence', async () => {
    await putDatabase()
    const { stdout } = await run(process.execPath, [pinwheel, 'backup', 'backup.db'], environment())
    expect(stdout).toMatch(
      /^backup\.db: 1 MiB in [\d.]+ s: 1 experiment, 100 units, newest fact of 2026-01-05T12:00:00\.000Z\n$/,
    )
    copyFileSync(file, join(folder, 'kept.db'))
    const again = run(process.execPath, [pinwheel, 'backup', 'backup.db'], environment())
    await expect(again).rejects.toMatchObject({
      code: 1,
      stderr: `Cannot back up ${databasePath}: backup.db is there already; --force replaces it\n`,
    })
    const restored = await run(
      process.execPath,
      [pinwheel, 'restore', 'kept.db', '--to', 'new/place.db'],
      environment(),
    )
    expect(restored.stdout).toBe(
      'Restored to new/place.db: 1 experiment, 100 units, newest fact of 2026-01-05T12:00:00.000Z; its ledger is verified\n',
    )
  })
})
