// Kills the service again and again while a client keeps it busy, and holds what it says afterwards
// against what it had acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { type Chance, seededChance } from '../../../src/stats/numerics/chance.ts'
import { audit } from '../audit.ts'
import { compareAll } from '../compare.ts'
import { Load } from '../load.ts'
import { oneOf } from '../one-of.ts'
import { ClientRecord } from '../record.ts'
import { type CrashResult, countsOf } from '../result.ts'
import { onFile, ServiceProcess } from '../service-process.ts'
import { prepare, withService } from '../session.ts'
import { killAroundBackup } from './backup-kill.ts'
import { killWhileMigrating } from './migration-kill.ts'

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

/** @throws Failure when the service does not start */
export async function crash(options: CrashOptions): Promise<CrashResult> {
  const { databasePath, kills, seed, onKill, meddle } = options
  const moments = seededChance(seed, 0)
  const record = new ClientRecord()
  const load = new Load(record, seededChance(seed, 1))
  const counts: Record<Moment, number> = { ...MOMENTS }
  for (const moment of Object.keys(MOMENTS) as Moment[]) counts[moment] = 0
  let [audits, backups] = [0, 0]
  await withService(onFile(databasePath), async (service, connection) => {
    await prepare(connection)
    await service.stop()
  })
  for (let number = 1; number <= kills; number++) {
    const moment = oneOf(MOMENTS, moments)
    counts[moment] += 1
    if (moment === 'while it migrated') record.lose(...(await killWhileMigrating(`${databasePath}.new`, moments)))
    else if (moment === 'while it started') await killWhileStarting(databasePath, moments() * LONGEST_START_MS)
    else if (moment === 'around a backup') backups += await killAroundBackup(databasePath, load, record, moments)
    else await killAtWork(databasePath, load, moment, moments)
    onKill?.({ number, moment })
    meddle?.(databasePath)
    if (number % KILLS_PER_AUDIT !== 0 || number === kills) continue
    record.lose(...(await audit(`sqlite:${databasePath}`, record, record.mark)))
    audits += 1
  }
  const snapshots = await conclude(databasePath, load, record)
  record.lose(...(await audit(`sqlite:${databasePath}`, record, null)))
  return { kills: counts, snapshots, backups, audits: audits + 1, ...countsOf(record, load) }
}

async function killWhileStarting(databasePath: string, afterMs: number): Promise<void> {
  const service = new ServiceProcess(onFile(databasePath))
  await sleep(afterMs)
  const hasFailed = service.hasEnded
  await service.kill()
  if (hasFailed) throw new Failure(`The service does not start: ${service.told.trim()}`)
}

async function killAtWork(databasePath: string, load: Load, moment: Moment, chance: Chance): Promise<void> {
  const workMs = chance() * LONGEST_WORK_MS
  await withService(onFile(databasePath), async (service, connection) => {
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

async function conclude(databasePath: string, load: Load, record: ClientRecord): Promise<number> {
  return withService(onFile(databasePath), async (service, connection) => {
    if (!(await load.settle(connection)))
      throw new Failure(`The service does not answer any more: ${service.told.trim()}`)
    const snapshots = await compareAll(connection, record)
    const exitCode = await service.stop()
    if (exitCode !== 0) record.lose(`the service ended with ${exitCode} on SIGTERM: ${service.told.trim()}`)
    return snapshots
  })
}
