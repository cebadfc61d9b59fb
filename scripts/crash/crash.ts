// Kills the service again and again while a client keeps it busy, and holds what it says afterwards against what it had acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { seededChance } from '../../src/stats/chance.ts'
import { Failure } from '../terminal/failure.ts'
import { audit } from './audit.ts'
import { Connection } from './connection.ts'
import { DEFINITION, EXPERIMENT } from './errands.ts'
import { Load } from './load.ts'
import { ClientRecord, type Told } from './record.ts'
import { ServiceProcess } from './service-process.ts'

export interface CrashOptions {
  /** In an empty folder, or one that does not exist. */
  readonly databasePath: string
  readonly kills: number
  readonly seed: number
  /** Hears of every kill. `workedMs`: how long the service had been up; null when it was killed while it started. */
  readonly onKill?: (kill: { readonly number: number; readonly workedMs: number | null }) => void
  /** Called after each kill with the service down: for tests that lose something on purpose. */
  readonly meddle?: (databasePath: string) => void
}

export interface CrashResult {
  readonly kills: number
  readonly killsWhileStarting: number
  readonly acknowledgedAssignments: number
  readonly acknowledgedRewards: number
  readonly requestsAnswered: number
  /** Requests that a kill left without an answer; each was sent again. */
  readonly requestsRetried: number
  readonly audits: number
  readonly lossCount: number
  /** The first of them, in words. */
  readonly losses: readonly string[]
}

/** A kill comes at most so long after the start … */
const LONGEST_WORK_MS = 600
/** … and one in ten at most so long after the launch, when the service may not even be up: it is killed while it recovers. */
const LONGEST_START_MS = 1_000
const SHARE_WHILE_STARTING = 0.1

const KILLS_PER_AUDIT = 10
const SETTLE_ATTEMPTS = 5

/** @throws Failure when the service does not start */
export async function crash(options: CrashOptions): Promise<CrashResult> {
  const { databasePath, kills, seed, onKill, meddle } = options
  const moments = seededChance(seed, 0)
  const record = new ClientRecord()
  const load = new Load(record, seededChance(seed, 1))
  let [killsWhileStarting, audits] = [0, 0]
  await prepare(databasePath)
  for (let number = 1; number <= kills; number++) {
    const isEarly = moments() < SHARE_WHILE_STARTING
    const workedMs = isEarly
      ? await killWhileStarting(databasePath, moments() * LONGEST_START_MS)
      : await killAtWork(databasePath, load, moments() * LONGEST_WORK_MS)
    if (workedMs === null) killsWhileStarting += 1
    onKill?.({ number, workedMs })
    meddle?.(databasePath)
    if (number % KILLS_PER_AUDIT !== 0 || number === kills) continue
    await audit(databasePath, record)
    audits += 1
  }
  await conclude(databasePath, load, record)
  await audit(databasePath, record)
  const { assignments, rewards, losses } = record.counts
  const { answered, unanswered } = load.counts
  return {
    kills,
    killsWhileStarting,
    acknowledgedAssignments: assignments,
    acknowledgedRewards: rewards,
    requestsAnswered: answered,
    requestsRetried: unanswered,
    audits: audits + 1,
    lossCount: losses,
    losses: record.losses,
  }
}

/** Defines the experiment and starts it. */
async function prepare(databasePath: string): Promise<void> {
  await withService(databasePath, async (service, connection) => {
    await ask(connection, 'PUT', `/experiments/${EXPERIMENT}`, JSON.stringify(DEFINITION))
    await ask(connection, 'POST', `/experiments/${EXPERIMENT}/start`)
    await service.stop()
  })
}

/** Null: it had not come up yet. */
async function killWhileStarting(databasePath: string, afterMs: number): Promise<number | null> {
  const service = new ServiceProcess({ databasePath })
  await sleep(afterMs)
  if (service.hasEnded) throw new Failure(`The service does not start: ${service.told.trim()}`)
  await service.kill()
  return (await service.url()) === null ? null : 0
}

async function killAtWork(databasePath: string, load: Load, afterMs: number): Promise<number> {
  return withService(databasePath, async (service, connection) => {
    const working = load.run(connection)
    await sleep(afterMs)
    const killed = service.kill()
    load.end()
    await Promise.all([killed, working])
    return afterMs
  })
}

/** Sends again what had no answer, and compares every unit's totals. */
async function conclude(databasePath: string, load: Load, record: ClientRecord): Promise<void> {
  await withService(databasePath, async (service, connection) => {
    let isSettled = false
    for (let attempt = 1; attempt <= SETTLE_ATTEMPTS && !isSettled; attempt++) isSettled = await load.settle(connection)
    if (!isSettled) throw new Failure(`The service does not answer any more: ${service.told.trim()}`)
    const exported = await ask(connection, 'GET', `/experiments/${EXPERIMENT}/assignments.ndjson`)
    const rows = exported.split('\n').filter(line => line !== '')
    record.hearExport(rows.map(row => JSON.parse(row) as Told & { outcomes: { visit: number; spend: number } }))
    const exitCode = await service.stop()
    if (exitCode !== 0) record.lose(`the service ended with ${exitCode} on SIGTERM: ${service.told.trim()}`)
  })
}

async function ask(
  connection: Connection,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: string,
): Promise<string> {
  const answer = await connection.send({ method, path, ...(body !== undefined && { body }) })
  if (answer !== null && answer.status < 300) return answer.body
  throw new Failure(`${method} ${path} was not answered: ${answer?.body.trim() ?? 'the connection was cut'}`)
}

/** The service is gone when this resolves or throws. */
async function withService<Result>(
  databasePath: string,
  use: (service: ServiceProcess, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const service = new ServiceProcess({ databasePath })
  try {
    const url = await service.url()
    if (url === null) throw new Failure(`The service does not start: ${service.told.trim()}`)
    const connection = new Connection(url)
    try {
      return await use(service, connection)
    } finally {
      connection.close()
    }
  } finally {
    await service.kill()
  }
}
