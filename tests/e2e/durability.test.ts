// The service as a process when its disk, its file or its neighbours misbehave: nothing
// acknowledged is lost, /assign goes on, and what passes needs no restart.
// docs/operate/durability.md tells the same to operators; `npm run crash` kills it.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Launch, onFile, ServiceProcess } from '../../scripts/crash/service-process.ts'
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import type { Snapshot } from '../../src/store/port.ts'
import { startExperiment, startService } from '../support/http/service.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Each starts processes; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
let databasePath: string
let acknowledged: readonly Body[]
let processes: ServiceProcess[]

beforeEach(async () => {
  folder = scratchFolder()
  databasePath = join(folder, 'pinwheel.db')
  processes = []
  const { bytes, ...known } = await prepared
  writeFileSync(databasePath, bytes)
  acknowledged = known.acknowledged
})

afterEach(async () => {
  for (const process of processes) await process.kill()
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true })
})

type Body = Record<string, unknown>

interface Running {
  readonly process: ServiceProcess
  assign(unit: string): Promise<Body>
  assignAll(units: readonly string[]): Promise<Body[]>
  reward(events: readonly Body[]): Promise<{ status: number; body: Body }>
  get(path: string): Promise<{ status: number; text: string }>
}

function launch(options: Partial<Launch> = {}): ServiceProcess {
  const process = new ServiceProcess({ ...onFile(databasePath), ...options })
  processes.push(process)
  return process
}

async function start(options: Partial<Launch> = {}): Promise<Running> {
  const process = launch(options)
  const url = await process.url()
  if (url === null) throw new Error(`The service does not start: ${process.told}`)
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return { status: response.status, text: await response.text() }
  }
  return {
    process,
    assign: async unit => (await send(url, '/assign', { experiment: 'spring-email', unit })).body,
    assignAll: async units => {
      const { body } = await send(url, '/assign/batch', { experiment: 'spring-email', units })
      return body.assignments as Body[]
    },
    reward: events => send(url, '/rewards', events),
    get,
  }
}

async function send(url: string, path: string, body: unknown): Promise<{ status: number; body: Body }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Body }
}

/** The assignments of the units u-0 to u-999, made once; each test has a copy of their file. */
const prepared = (async () => {
  const service = await startService({ now: Date.now() })
  await startExperiment(service)
  const units = numbered('u', 1_000)
  const { body } = await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
  await service.store.close()
  const bytes = readFileSync(service.databasePath)
  await service.close()
  return { bytes, acknowledged: body.assignments as Body[] }
})()

async function differences(): Promise<readonly unknown[]> {
  const store = await openStore(`sqlite:${databasePath}`)
  const experiments = await store.findExperiments()
  const verified = await Promise.all(experiments.map(experiment => verify({ store }, experiment)))
  await store.close()
  return verified.flatMap(({ discrepancies }) => discrepancies)
}

/** The one sentence of a service that does not start, and its exit code. */
async function refusal(options: Partial<Launch> = {}): Promise<{ told: string; exitCode: number | null }> {
  const process = launch(options)
  expect(await process.url()).toBeNull()
  return { told: process.told.trim(), exitCode: await process.exitCode() }
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}-${number}`)
}

const kept = (assignment: Body | undefined) => ({ ...assignment, reason: 'kept' })

const namesOf = (assignments: readonly Body[]) => assignments.map(({ unit }) => unit as string)

/** Skips loudly, and fails where tests must not be skipped. */
function given(isGiven: boolean, what: string): typeof it | typeof it.skip {
  if (isGiven) return it
  if (process.env.CI) throw new Error(`Cannot test durability without ${what}`)
  console.warn(`SKIPPED a test of durability, because there is no ${what}`)
  return it.skip
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0
}

describe('a disk that is full', () => {
  /**
   * A service none of whose files may grow by more than this; the limit is soft, so that it can be
   * lifted.
   */
  function startLimited(bytes: number): Promise<Running> {
    return start({ under: ['prlimit', `--fsize=${statSync(databasePath).size + bytes}:unlimited`] })
  }

  /** Assigns new units until there is no room. */
  async function fill(service: Running): Promise<{ assigned: Body[]; refused: Body[] }> {
    const assigned: Body[] = []
    for (let batch = 0; batch < 50; batch++) {
      const answers = await service.assignAll(numbered(`full${batch}`, 500))
      const refused = answers.filter(({ reason }) => reason === 'fallback')
      assigned.push(...answers.filter(({ reason }) => reason === 'assigned'))
      if (refused.length > 0) return { assigned, refused }
    }
    throw new Error('The limit did not hold')
  }

  const itOnFullDisk = given(hasProgram('prlimit'), 'prlimit')

  itOnFullDisk('gives fallback and keeps nothing, then goes on by itself; what was acknowledged stays', async () => {
    const service = await startLimited(200_000)
    const { assigned, refused } = await fill(service)
    expect(assigned.length).toBeGreaterThan(0)
    expect(refused.every(({ reason, arm }) => reason === 'fallback' && arm === 'control')).toBe(true)
    // Also those whose assignment has not reached the database itself.
    const last = assigned.slice(-16)
    expect(await service.assignAll(namesOf(last))).toEqual(last.map(kept))
    const events = numbered('visit', 2_000).map(id => ({ unit: 'u-1', metric: 'visit', id }))
    expect((await service.reward(events)).status).toBe(503)
    expect((await service.get('/experiments/spring-email/report')).status).toBe(200)

    execFileSync('prlimit', ['--pid', String(service.process.pid), '--fsize=unlimited:unlimited'])
    const again = await service.assignAll(namesOf(refused))
    expect(again.every(({ reason }) => reason === 'assigned')).toBe(true)
    expect(await service.assignAll(namesOf(assigned))).toEqual(assigned.map(kept))
    const { recorded, duplicate } = (await service.reward(events)).body as { recorded: number; duplicate: number }
    expect(recorded + duplicate).toBe(events.length)
    expect((await service.reward(events)).body).toMatchObject({ recorded: 0, duplicate: events.length })
    expect(await service.process.stop()).toBe(0)
    expect(service.process.told).toContain('the store cannot write')
    expect(await differences()).toEqual([])
  })

  itOnFullDisk('is no obstacle to SIGTERM; all that was acknowledged is there afterwards', async () => {
    const service = await startLimited(50_000)
    const { assigned } = await fill(service)
    expect(await service.process.stop()).toBe(0)
    const store = await openStore(`sqlite:${databasePath}`)
    const found = await store.findAssignments(1, namesOf(assigned))
    expect(found.map(each => each && { unit: each.unit, snapshot: each.snapshot })).toEqual(
      assigned.map(({ unit, snapshot }) => ({ unit, snapshot })),
    )
    await store.close()
    expect(await differences()).toEqual([])
  })
})

describe('a file that may not be written', () => {
  /** Root may write everywhere, unless it gives up that right. */
  const humble = process.getuid?.() === 0 ? { under: ['setpriv', '--bounding-set=-dac_override'] } : {}
  const itWhenHumble = given(humble.under === undefined || hasProgram('setpriv'), 'setpriv, which root needs')

  itWhenHumble.each([
    ['a read-only file', () => chmodSync(databasePath, 0o444), 'attempt to write a readonly database'],
    ['a read-only folder', () => chmodSync(folder, 0o555), 'unable to open database file'],
    ['a read-only claim', () => writeFileSync(`${databasePath}-service`, '', { mode: 0o444 }), 'permission denied'],
  ])('is refused at start in a sentence: %s', async (_, protect, reason) => {
    protect()
    const { told, exitCode } = await refusal(humble)
    expect(told.split('\n')).toHaveLength(1)
    expect(told).toMatch(new RegExp(`^Cannot open the database ${databasePath}: .*${reason}`))
    expect(exitCode).toBe(1)
  })

  itWhenHumble('is no obstacle where it may be written: the control of the above', async () => {
    const service = await start(humble)
    expect((await service.assign('new')).reason).toBe('assigned')
  })
})

describe('a damaged file', () => {
  /** Overwrites the first leaf page of a table. */
  function damage(table: string): void {
    const db = new Database(databasePath)
    const size = db.pragma('page_size', { simple: true }) as number
    const page = db.prepare<[string], { pageno: number }>(
      "SELECT min(pageno) AS pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'",
    )
    const { pageno } = page.get(table) ?? { pageno: Number.NaN }
    db.close()
    const file = openSync(databasePath, 'r+')
    writeSync(file, Buffer.alloc(size, 0xa5), 0, size, (pageno - 1) * size)
    closeSync(file)
  }

  it('is refused at start in a sentence', async () => {
    damage('snapshots')
    const { told, exitCode } = await refusal()
    expect(told).toBe('Cannot read the database: database disk image is malformed')
    expect(exitCode).toBe(1)
  })

  it('is refused where its list of migrations is damaged', async () => {
    damage('migrations')
    await expect(openStore(`sqlite:${databasePath}`)).rejects.toThrow(
      `Cannot open the database ${databasePath}: database disk image is malformed`,
    )
  })

  it('serves the units whose pages are intact; the others get fallback, and the log and verify report the damage', async () => {
    damage('assignments')
    const service = await start()
    const asked = acknowledged.filter((_, position) => position % 5 === 0)
    // One by one: anyone who shares a commit with a damaged page shares its fate.
    const answers: Body[] = []
    for (const unit of namesOf(asked)) answers.push(await service.assign(unit))
    const lost = answers.filter(({ reason }) => reason === 'fallback')
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.length).toBeLessThan(100)
    for (const [position, answer] of answers.entries()) {
      if (answer.reason !== 'fallback') expect(answer).toEqual(kept(asked[position]))
    }
    expect(await service.process.stop()).toBe(0)
    expect(service.process.told).toContain('database disk image is malformed')
    await expect(differences()).rejects.toThrow('The store is unavailable')
  })
})

describe('two processes on one file', () => {
  it('the second service is refused in a sentence while the first serves, and serves once that was killed', async () => {
    const first = await start()
    await expect(start()).rejects.toThrow('another Pinwheel does already')
    expect((await first.assign('new')).reason).toBe('assigned')
    await first.process.kill()
    const second = await start()
    expect((await second.assign('new')).reason).toBe('kept')
    expect(await second.process.stop()).toBe(0)
    expect(await differences()).toEqual([])
  })

  it('gives fallback within a second while another process locks the file, and recovers by itself', async () => {
    const [early] = acknowledged
    const service = await start()
    const other = new Database(databasePath)
    // The quickest of three, so that a busy machine does not fail this and a longer wait in the
    // store does.
    let quickestMs = Number.POSITIVE_INFINITY
    for (let time = 0; time < 3; time++) {
      expect((await service.assign(`before-${time}`)).reason).toBe('assigned')
      other.exec('BEGIN IMMEDIATE')
      const startedAt = performance.now()
      expect((await service.assign(`during-${time}`)).reason).toBe('fallback')
      quickestMs = Math.min(quickestMs, performance.now() - startedAt)
      other.exec('ROLLBACK')
    }
    expect(quickestMs).toBeLessThan(1_000)
    other.exec('BEGIN IMMEDIATE')
    for (const unit of ['new', 'newer']) {
      expect(await service.assign(unit)).toMatchObject({ reason: 'fallback', arm: 'control', snapshot: null })
      expect(await service.assign('u-0')).toEqual(kept(early))
    }
    // New units among known ones take no arm away, however many there are.
    const mixed = ['u-0', 'newest', ...numbered('u', 600)]
    const answers = await service.assignAll(mixed)
    expect(answers.map(({ reason }) => reason)).toEqual(mixed.map(unit => (unit === 'newest' ? 'fallback' : 'kept')))
    expect(answers[0]).toEqual(kept(early))
    const event = { unit: 'u-0', metric: 'visit', id: 'visit of u-0' }
    expect((await service.reward([event])).status).toBe(503)
    other.exec('ROLLBACK')
    other.close()
    expect(await service.assign('u-0')).toEqual(kept(early))
    expect((await service.assign('new')).reason).toBe('assigned')
    expect((await service.reward([event])).body).toMatchObject({ recorded: 1 })
    expect((await service.reward([event])).body).toMatchObject({ duplicate: 1 })
  })
})

describe('SIGTERM', () => {
  it('records a stream in progress to its end, and answers it', async () => {
    const service = await start()
    const url = (await service.process.url()) as string
    const lines = numbered('visit', 1_500).map(id => `${JSON.stringify({ unit: 'u-0', metric: 'visit', id })}\n`)
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const request = fetch(`${url}/rewards`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: readable,
      duplex: 'half',
    } as RequestInit)
    const writer = writable.getWriter()
    const write = (part: readonly string[]) => writer.write(new TextEncoder().encode(part.join('')))
    await write(lines.slice(0, 700))
    await service.get('/livez')
    const stopped = service.process.stop()
    await write(lines.slice(700))
    await writer.close()
    const response = await request
    expect(await response.json()).toMatchObject({ recorded: lines.length, rejected: 0 })
    expect(await stopped).toBe(0)
    expect(await differences()).toEqual([])
  })
})

describe('openStore()', () => {
  it('logs once when commits begin to fail, and once when they succeed again', async () => {
    const turns: unknown[] = []
    const store = await openStore(`sqlite:${databasePath}`, { onHealthChange: error => turns.push(error) })
    const [snapshot] = await store.findSnapshots(1)
    const write = () => store.takeSnapshot(1, { ...(snapshot as Snapshot), number: 9 })
    await write()
    const other = new Database(databasePath)
    for (const times of [3, 2]) {
      other.exec('BEGIN IMMEDIATE')
      for (let time = 0; time < times; time++) await expect(write()).rejects.toBeInstanceOf(StoreUnavailableError)
      other.exec('ROLLBACK')
      await write()
      await write()
    }
    other.close()
    await store.close()
    const busy = expect.objectContaining({ code: 'SQLITE_BUSY' })
    expect(turns).toEqual([busy, null, busy, null])
  })
})
