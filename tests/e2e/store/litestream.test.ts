// Litestream beside the service, both as processes: what was acknowledged can be restored
// elsewhere, and the log stays bounded. The configuration is the one of docs/operate/litestream.md.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { audit } from '../../../scripts/crash/audit.ts'

import { EXPERIMENT } from '../../../scripts/crash/definition.ts'
import { Load } from '../../../scripts/crash/load.ts'
import { ClientRecord, type Mark } from '../../../scripts/crash/record.ts'
import { prepare, withService } from '../../../scripts/crash/session.ts'
import { ask, type Sender } from '../../../scripts/http/client.ts'
import { onFile, type ServiceProcess } from '../../../scripts/service/service-process.ts'
import { seededChance } from '../../../src/stats/numerics/chance.ts'

vi.setConfig({ testTimeout: 60_000 })

const PROGRAM = fileURLToPath(
  new URL('../../../node_modules/@flydotio/litestream-linux-x64/litestream', import.meta.url),
)
const PINWHEEL = fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url))
const DOCUMENT = new URL('../../../docs/operate/litestream.md', import.meta.url)

/** What was acknowledged earlier than this before the kill must not be lost. */
const LOSS_LIMIT_MS = 2_000

const WAL_LIMIT_BYTES = 256_000_000
/** Each writes a page of its own to the log, of 4 KiB: more than the limit together. */
const BULK_UNITS = 100_000
const BATCH_UNITS = 500
const BULK_CONNECTIONS = 4

const run = promisify(execFile)

let folder: string
let databasePath: string
let configPath: string
let replications: ChildProcess[]

beforeEach(() => {
  // On a disk: the log is larger than what many machines have in /dev/shm.
  folder = mkdtempSync(join(tmpdir(), 'pinwheel-litestream-'))
  databasePath = join(folder, 'pinwheel.db')
  configPath = join(folder, 'litestream.yml')
  replications = []
  writeFileSync(configPath, configuration({ database: databasePath, replica: join(folder, 'replica') }))
})

afterEach(async () => {
  for (const replication of replications) await kill(replication)
  rmSync(folder, { recursive: true })
})

/** The one of the document, with other paths. */
function configuration({ database, replica }: { readonly database: string; readonly replica: string }): string {
  const [, block = ''] = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(DOCUMENT, 'utf8')) ?? []
  const paths = { '/srv/pinwheel/pinwheel.db': database, '/mnt/elsewhere/pinwheel': replica }
  let text = block
  for (const [path, other] of Object.entries(paths)) {
    expect(text).toContain(path)
    text = text.replace(path, other)
  }
  return text
}

/** Resolves once the first snapshot of the database is in the replica. */
async function startReplication(): Promise<ChildProcess> {
  const child = spawn(PROGRAM, ['replicate', '-config', configPath], { stdio: 'ignore' })
  replications.push(child)
  await vi.waitFor(
    async () => {
      const { stdout } = await run(PROGRAM, ['snapshots', '-config', configPath, databasePath])
      // Below its heading.
      expect(stdout.trim().split('\n').length).toBeGreaterThan(1)
    },
    { timeout: 20_000, interval: 100 },
  )
  return child
}

/** SIGKILL. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function restoreTo(path: string): Promise<void> {
  await run(PROGRAM, ['restore', '-config', configPath, '-o', path, databasePath])
}

describe('litestream restore', () => {
  /**
   * Load, then SIGKILL to the service, and to Litestream so much earlier. What had been
   * acknowledged at `mark` must be there.
   */
  async function killUnderLoad({ replicationEndsEarlierMs = 0 } = {}): Promise<{ record: ClientRecord; mark: Mark }> {
    const record = new ClientRecord()
    const marks: { readonly at: number; readonly mark: Mark }[] = []
    const load = new Load(record, seededChance(1, 1))
    const killedAt = await withService(onFile(databasePath), async (service, connection) => {
      await prepare(connection)
      const replication = await startReplication()
      const timer = setInterval(() => marks.push({ at: performance.now(), mark: record.mark }), 20)
      const working = load.run(connection)
      await vi.waitFor(() => expect(record.counts.rewards).toBeGreaterThan(5_000), { timeout: 30_000, interval: 20 })
      await sleep(LOSS_LIMIT_MS)
      if (replicationEndsEarlierMs > 0) {
        await kill(replication)
        await sleep(replicationEndsEarlierMs)
      }
      const at = performance.now()
      await Promise.all([service.kill(), kill(replication)])
      clearInterval(timer)
      await working
      return at
    })
    expect(record.losses).toEqual([])
    const mark = marks.findLast(({ at }) => at <= killedAt - LOSS_LIMIT_MS)?.mark
    if (mark === undefined) throw new TypeError('Nothing was acknowledged before the limit')
    return { record, mark }
  }

  it('has all that was acknowledged two seconds before service and Litestream were killed', async () => {
    const { record, mark } = await killUnderLoad()
    const restoredPath = join(folder, 'elsewhere.db')
    await restoreTo(restoredPath)
    expect(mark.rewards).toBeGreaterThan(1_000)
    expect(await audit(`sqlite:${restoredPath}`, record, mark)).toEqual([])
    const { stdout } = await run(process.execPath, [PINWHEEL, 'verify'], {
      env: { ...process.env, DATABASE_URL: `sqlite:${restoredPath}` },
    })
    expect(stdout).toMatch(/^crash: \d+ units, \d+ rewards, \d+ cells: no difference\n$/)
    await withService(onFile(restoredPath), async (_, connection) => {
      const units = record.units.slice(0, Math.min(mark.units, 1_000))
      for (const { reason } of await assign(connection, units)) expect(reason).toBe('kept')
      for (const { reason } of await assign(connection, ['a new unit'])) expect(reason).toBe('assigned')
    })
  })

  it('lacks what was acknowledged after Litestream alone was killed', async () => {
    const { record, mark } = await killUnderLoad({ replicationEndsEarlierMs: 2 * LOSS_LIMIT_MS })
    const restoredPath = join(folder, 'elsewhere.db')
    await restoreTo(restoredPath)
    const losses = await audit(`sqlite:${restoredPath}`, record, mark)
    expect(losses).toContainEqual(expect.stringMatching(/^u\d+: was acknowledged, and is not in the database$/))
    expect(losses.filter(loss => loss.startsWith('verify:'))).toEqual([])
  })
})

describe('the log beside Litestream', () => {
  /** Assigns new units in no order, and watches the log. */
  async function bulk(service: ServiceProcess, connection: Sender): Promise<{ peakBytes: number; restarts: number }> {
    let [peakBytes, salts, unitsLeft] = [0, new Set<string>(), BULK_UNITS]
    const chance = seededChance(1, 1)
    const timer = setInterval(() => {
      peakBytes = Math.max(peakBytes, statSync(`${databasePath}-wal`).size)
      salts = salts.add(saltsOf(`${databasePath}-wal`))
    }, 20)
    const worker = async () => {
      while (unitsLeft > 0) {
        unitsLeft -= BATCH_UNITS
        const units = Array.from({ length: BATCH_UNITS }, () => `u${Math.floor(chance() * 2 ** 52)}`)
        await assignAll(connection, units)
      }
    }
    await Promise.all(Array.from({ length: BULK_CONNECTIONS }, worker)).finally(() => clearInterval(timer))
    await ask(connection, 'GET', '/readyz')
    // Its log: neither a lock nor its files are complained about.
    expect(service.told).toBe('')
    return { peakBytes, restarts: salts.size - 1 }
  }

  it('is copied and begun anew before it is 256 MB long', async () => {
    const { peakBytes, restarts } = await withService(onFile(databasePath), async (service, connection) => {
      await prepare(connection)
      await startReplication()
      return bulk(service, connection)
    })
    expect(peakBytes).toBeLessThan(WAL_LIMIT_BYTES)
    expect(restarts).toBeGreaterThan(1)
  })

  it('is longer where another reader keeps it from being copied', async () => {
    const { peakBytes, restarts } = await withService(onFile(databasePath), async (service, connection) => {
      await prepare(connection)
      const reader = new Database(databasePath, { readonly: true })
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM experiments').get()
      try {
        return await bulk(service, connection)
      } finally {
        reader.close()
      }
    })
    expect(peakBytes).toBeGreaterThan(WAL_LIMIT_BYTES)
    expect(restarts).toBe(0)
  })
})

/** A batch that waits for the disk for over a second is answered `fallback`, and asked again. */
async function assignAll(connection: Sender, units: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const reasons = (await assign(connection, units)).map(({ reason }) => reason)
    for (const reason of reasons) expect(['assigned', 'kept', 'fallback']).toContain(reason)
    if (!reasons.includes('fallback')) return
  }
  expect.unreachable('the store answers fallback only')
}

async function assign(connection: Sender, units: readonly string[]): Promise<readonly { reason: string }[]> {
  const answer = await ask(connection, 'POST', '/assign/batch', JSON.stringify({ experiment: EXPERIMENT, units }))
  return JSON.parse(answer).assignments
}

/** From the header of a log: others each time that it begins anew. */
function saltsOf(path: string): string {
  const salts = Buffer.alloc(8)
  const descriptor = openSync(path, 'r')
  readSync(descriptor, salts, 0, salts.length, 16)
  closeSync(descriptor)
  return salts.toString('hex')
}
