// Kills the service again and again while a client keeps it busy, and holds what it says afterwards against what it had acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, seededChance } from '../../src/stats/chance.ts'
import { Failure } from '../terminal/failure.ts'
import { audit } from './audit.ts'
import { killAroundBackup } from './backup-kill.ts'
import { EXPERIMENT } from './definition.ts'
import { Load } from './load.ts'
import { killWhileMigrating } from './migration-kill.ts'
import { ClientRecord, type Told } from './record.ts'
import { ServiceProcess } from './service-process.ts'
import { ask, prepare, withService } from './session.ts'

export interface CrashOptions {
  /** In an empty folder, or one that does not exist. */
  readonly databasePath: string
  readonly kills: number
  readonly seed: number
  /** Hears of every kill. */
  readonly onKill?: (kill: { readonly number: number; readonly moment: Moment }) => void
  /** Called after each kill with the service down: for tests that lose something on purpose. */
  readonly meddle?: (databasePath: string) => void
}

/** What a kill is aimed at, and how many of a hundred are. */
const MOMENTS = {
  /** At any time. */
  'under load': 36,
  'while it started': 10,
  /** Of a new file: it has its schema whole, or not at all. */
  'while it migrated': 6,
  'around a change': 20,
  'around a refresh': 16,
  /** Of the service, or of the backup. */
  'around a backup': 12,
} as const
export type Moment = keyof typeof MOMENTS

export interface CrashResult {
  readonly kills: Readonly<Record<Moment, number>>
  readonly acknowledgedAssignments: number
  readonly acknowledgedRewards: number
  readonly acknowledgedChanges: number
  /** Policies that were frozen, by changes and by refreshes. */
  readonly snapshots: number
  /** Backups that came to their end; each was restored and compared. */
  readonly backups: number
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
/** … or after the launch, when the service may not even be up: it is killed while it recovers. */
const LONGEST_START_MS = 1_000
/** A change is answered within some milliseconds. */
const LONGEST_CHANGE_MS = 8
/** The service looks so often whether a policy is due, from when it says that it listens. */
const REFRESH_TICK_MS = 100
const LONGEST_REFRESH_MS = 20

const KILLS_PER_AUDIT = 10
const SETTLE_ATTEMPTS = 5

/** @throws Failure when the service does not start */
export async function crash(options: CrashOptions): Promise<CrashResult> {
  const { databasePath, kills, seed, onKill, meddle } = options
  const moments = seededChance(seed, 0)
  const record = new ClientRecord()
  const load = new Load(record, seededChance(seed, 1))
  const counts: Record<Moment, number> = { ...MOMENTS }
  for (const moment of Object.keys(MOMENTS) as Moment[]) counts[moment] = 0
  let [audits, backups] = [0, 0]
  await withService(databasePath, async (service, connection) => {
    await prepare(connection)
    await service.stop()
  })
  for (let number = 1; number <= kills; number++) {
    const moment = momentOf(moments() * 100)
    counts[moment] += 1
    if (moment === 'while it migrated') record.lose(...(await killWhileMigrating(`${databasePath}.new`, moments)))
    else if (moment === 'while it started') await killWhileStarting(databasePath, moments() * LONGEST_START_MS)
    else if (moment === 'around a backup') backups += await killAroundBackup(databasePath, load, record, moments)
    else await killAtWork(databasePath, load, moment, moments)
    onKill?.({ number, moment })
    meddle?.(databasePath)
    if (number % KILLS_PER_AUDIT !== 0 || number === kills) continue
    record.lose(...(await audit(databasePath, record, record.mark)))
    audits += 1
  }
  const snapshots = await conclude(databasePath, load, record)
  record.lose(...(await audit(databasePath, record, null)))
  const { assignments, rewards, losses } = record.counts
  const { answered, unanswered } = load.counts
  return {
    kills: counts,
    acknowledgedAssignments: assignments,
    acknowledgedRewards: rewards,
    acknowledgedChanges: record.definition.changes,
    snapshots,
    backups,
    requestsAnswered: answered,
    requestsRetried: unanswered,
    audits: audits + 1,
    lossCount: losses,
    losses: record.losses,
  }
}

function momentOf(draw: number): Moment {
  let rest = draw
  for (const [moment, share] of Object.entries(MOMENTS)) {
    rest -= share
    if (rest < 0) return moment as Moment
  }
  return 'under load'
}

async function killWhileStarting(databasePath: string, afterMs: number): Promise<void> {
  const service = new ServiceProcess({ databasePath })
  await sleep(afterMs)
  const hasFailed = service.hasEnded
  await service.kill()
  if (hasFailed) throw new Failure(`The service does not start: ${service.told.trim()}`)
}

async function killAtWork(databasePath: string, load: Load, moment: Moment, chance: Chance): Promise<void> {
  const workMs = chance() * LONGEST_WORK_MS
  await withService(databasePath, async (service, connection) => {
    const working = [load.run(connection)]
    const ticks = Math.ceil(workMs / REFRESH_TICK_MS)
    await sleep(moment === 'around a refresh' ? ticks * REFRESH_TICK_MS + chance() * LONGEST_REFRESH_MS : workMs)
    if (moment === 'around a change') {
      working.push(load.change(connection))
      await sleep(chance() * LONGEST_CHANGE_MS)
    }
    const killed = service.kill()
    load.end()
    await Promise.all([killed, ...working])
  })
}

/** Sends again what had no answer, asks for all that was acknowledged, and compares every unit's totals. Answers the snapshots. */
async function conclude(databasePath: string, load: Load, record: ClientRecord): Promise<number> {
  return withService(databasePath, async (service, connection) => {
    let isSettled = false
    for (let attempt = 1; attempt <= SETTLE_ATTEMPTS && !isSettled; attempt++) isSettled = await load.settle(connection)
    if (!isSettled) throw new Failure(`The service does not answer any more: ${service.told.trim()}`)
    const exported = await ask(connection, 'GET', `/experiments/${EXPERIMENT}/assignments.ndjson`)
    const rows = exported.split('\n').filter(line => line !== '')
    record.hearExport(rows.map(row => JSON.parse(row) as Told & { outcomes: { visit: number; spend: number } }))
    const shown = JSON.parse(await ask(connection, 'GET', `/experiments/${EXPERIMENT}`))
    const { history } = JSON.parse(await ask(connection, 'GET', `/experiments/${EXPERIMENT}/history`))
    record.lose(...record.definition.lossesIn(shown, history))
    const snapshots = await countSnapshots(connection)
    const exitCode = await service.stop()
    if (exitCode !== 0) record.lose(`the service ended with ${exitCode} on SIGTERM: ${service.told.trim()}`)
    return snapshots
  })
}

async function countSnapshots(connection: Parameters<typeof ask>[0]): Promise<number> {
  for (let count = 0; ; ) {
    const page = await ask(connection, 'GET', `/experiments/${EXPERIMENT}/snapshots?after=${count}`)
    const { snapshots } = JSON.parse(page) as { snapshots: readonly object[] }
    if (snapshots.length === 0) return count
    count += snapshots.length
  }
}
