// Kills the database and the replicas of the service in turn while a client keeps them busy, and holds what they say afterwards against
// what they had acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, seededChance } from '../../../src/stats/chance.ts'
import { Failure } from '../../terminal/failure.ts'
import { audit } from '../audit.ts'
import { compareAll } from '../compare.ts'
import { assignOne } from '../errands.ts'
import { Load } from '../load.ts'
import { oneOf } from '../one-of.ts'
import { ClientRecord } from '../record.ts'
import { type CrashResult, countsOf } from '../result.ts'
import { prepare } from '../session.ts'
import { killWhileMigrating } from './migration-kill.ts'
import { Replica } from './replica.ts'
import type { Site } from './site.ts'
import { Spread } from './spread.ts'

export interface PostgresCrashOptions {
  readonly site: Site
  /** For whatever the services leave there. */
  readonly folder: string
  readonly kills: number
  readonly seed: number
  readonly replicas?: number
  /** What is killed, in turn. */
  readonly victims?: readonly Victim[]
  readonly moments?: Moments
  readonly onKill?: (kill: { readonly number: number; readonly moment: string }) => void
  /** Called before the last audit with nothing under way: for tests that lose something on purpose. */
  readonly meddle?: () => Promise<void>
}

export type Victim = 'database' | 'replica'

export interface PostgresCrashResult extends CrashResult {
  /** Times that every connection of the services was cut. */
  readonly cuts: number
  readonly fallbacks: number
  readonly slowestFallbackMs: number
  /** From when the database could be written, or the replica listened, until every replica assigned again: the slowest. */
  readonly slowestRecoveryMs: number
}

/** What a kill is aimed at, and how many of a hundred are. */
const MOMENTS = {
  'under load': 50,
  /** It is killed once, started again, and killed again. */
  'while it started': 12,
  /** Two processes make the schema of a new database. */
  'while it migrated': 8,
  'around a change': 18,
  'around a refresh': 12,
} as const
type Moments = Readonly<Record<keyof typeof MOMENTS, number>>

/** Where another server takes over, there is none to be killed while it starts. */
export const FAILOVER_MOMENTS: Moments = { ...MOMENTS, 'under load': 62, 'while it started': 0 }

const DATABASE = 'pinwheel'

const LONGEST_WORK_MS = 600
const LONGEST_OUTAGE_MS = 1_200
const LONGEST_START_MS = 1_000
/** A change is answered within some milliseconds. */
const LONGEST_CHANGE_MS = 12
const REFRESH_TICK_MS = 100
const LONGEST_REFRESH_MS = 25

/** Of all kills so many are preceded by a cut of every connection. */
const SHARE_OF_CUTS = 0.3
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pinwheel'`

/** Whoever has no answer waits so long before it asks again. */
const RETRY_MS = 20
/** What one process changes holds on another within a second; while the database is away it cannot. */
const GRACE_MS = 10_000
const RECOVERY_LIMIT_MS = 10_000
const KILLS_PER_AUDIT = 10

/** @throws Failure when a replica does not start, or does not recover */
export async function crashPostgres(options: PostgresCrashOptions): Promise<PostgresCrashResult> {
  const { site, kills, victims = ['database', 'replica'], onKill, meddle } = options
  const url = site.urlOf(DATABASE)
  const scene = sceneOf(options)
  const { record, load, spread } = scene
  const counts: Record<string, number> = {}
  let audits = 0
  try {
    await begin(scene, options)
    for (let number = 1; number <= kills; number++) {
      const victim = victims[(number - 1) % victims.length] as Victim
      const moment = await killOnce(scene, victim, number)
      counts[moment] = (counts[moment] ?? 0) + 1
      onKill?.({ number, moment })
      if (number % KILLS_PER_AUDIT !== 0 || number === kills) continue
      record.lose(...(await audit(url, record, record.mark)))
      audits += 1
    }
    const snapshots = await conclude(scene)
    await meddle?.()
    record.lose(...(await audit(url, record, null)))
    const { cuts, slowestRecoveryMs } = scene
    const { count: fallbacks, slowestMs: slowestFallbackMs } = spread.fallbacks
    const own = { cuts, fallbacks, slowestFallbackMs, slowestRecoveryMs }
    return { kills: counts, snapshots, backups: 0, audits: audits + 1, ...own, ...countsOf(record, load) }
  } finally {
    await Promise.all(scene.replicas.map(replica => replica.kill()))
  }
}

interface Scene {
  readonly site: Site
  readonly folder: string
  readonly replicas: Replica[]
  readonly record: ClientRecord
  readonly load: Load
  readonly spread: Spread
  readonly chance: Chance
  readonly moments: Moments
  cuts: number
  probes: number
  slowestRecoveryMs: number
}

function sceneOf({ site, folder, seed, moments = MOMENTS }: PostgresCrashOptions): Scene {
  const record = new ClientRecord(GRACE_MS)
  const replicas: Replica[] = []
  return {
    site,
    folder,
    replicas,
    record,
    load: new Load(record, seededChance(seed, 1), { retryMs: RETRY_MS }),
    spread: new Spread(replicas, record, seededChance(seed, 2)),
    chance: seededChance(seed, 0),
    moments,
    cuts: 0,
    probes: 0,
    slowestRecoveryMs: 0,
  }
}

/** The experiment runs, and every replica knows it. */
async function begin({ site, folder, replicas }: Scene, { replicas: count = 2 }: PostgresCrashOptions): Promise<void> {
  await site.query('postgres', `CREATE DATABASE ${DATABASE}`)
  while (replicas.length < count) {
    const replica = new Replica({ databaseUrl: site.urlOf(DATABASE), folder })
    replicas.push(replica)
    await replica.ready()
    if (replicas.length === 1) await prepare(replica)
  }
}

/** Answers what it hit. */
async function killOnce(scene: Scene, victim: Victim, number: number): Promise<string> {
  const { site, load, spread, record, replicas, chance } = scene
  const moment = oneOf(scene.moments, chance)
  if (moment === 'while it migrated') {
    record.lose(...(await killWhileMigrating({ ...scene, victim, number })))
    if (victim === 'database') await recovered(scene)
    return `${victim} ${moment}`
  }
  const working = [load.run(spread)]
  if (chance() < SHARE_OF_CUTS) {
    await sleep(chance() * LONGEST_WORK_MS)
    await site.query('postgres', CUT)
    scene.cuts += 1
  }
  const replica = replicas[Math.floor(replicas.length * chance())] as Replica
  await sleep(chance() * LONGEST_WORK_MS)
  if (moment === 'around a refresh') await sleep(untilTick(replica) + chance() * LONGEST_REFRESH_MS)
  if (moment === 'around a change') {
    working.push(load.change(spread))
    await sleep(chance() * LONGEST_CHANGE_MS)
  }
  if (victim === 'database') await killDatabase(scene, moment === 'while it started')
  else await killReplica(scene, replica, moment === 'while it started')
  await recovered(scene)
  load.end()
  await Promise.all(working)
  return `${victim} ${moment}`
}

/** The service looks so often whether a policy is due, from when it says that it listens. */
function untilTick({ listensSince }: Replica): number {
  return REFRESH_TICK_MS - ((performance.now() - listensSince) % REFRESH_TICK_MS)
}

async function killDatabase({ site, chance }: Scene, alsoWhileItStarts: boolean): Promise<void> {
  await site.kill()
  await sleep(chance() * LONGEST_OUTAGE_MS)
  if (alsoWhileItStarts) {
    const recovering = site.recover().catch(() => {})
    await sleep(chance() * LONGEST_START_MS)
    await site.kill()
    await recovering
  }
  await site.recover()
}

async function killReplica({ chance }: Scene, replica: Replica, alsoWhileItStarts: boolean): Promise<void> {
  await replica.kill()
  replica.launch()
  if (alsoWhileItStarts) {
    await sleep(chance() * LONGEST_START_MS)
    const hasFailed = replica.hasEnded
    await replica.kill()
    if (hasFailed) throw new Failure(`The service does not start: ${replica.told}`)
    replica.launch()
  }
  await replica.ready()
}

/** Resolves when every replica assigns. @throws Failure */
async function recovered(scene: Scene): Promise<void> {
  const { replicas, record } = scene
  const startedAt = performance.now()
  await Promise.all(
    replicas.map(async replica => {
      scene.probes += 1
      const { message, hear } = assignOne(record, `probe-${scene.probes}`)
      for (let isRetry = false; performance.now() < startedAt + RECOVERY_LIMIT_MS; isRetry = true) {
        const answer = await replica.send(message)
        if (answer !== null && hear(answer, isRetry)) return
        await sleep(RETRY_MS)
      }
      throw new Failure(`A replica does not recover by itself: ${replica.told}`)
    }),
  )
  scene.slowestRecoveryMs = Math.max(scene.slowestRecoveryMs, performance.now() - startedAt)
}

/** Sends again what had no answer, asks for all that was acknowledged, and compares. Answers the snapshots. */
async function conclude({ load, spread, replicas, record }: Scene): Promise<number> {
  if (!(await load.settle(spread))) throw new Failure('The service does not answer any more')
  await sleep(FOLLOW_MS)
  let snapshots = 0
  for (const replica of replicas) snapshots = await compareAll(replica, record)
  for (const replica of replicas) {
    const exitCode = await replica.stop()
    if (exitCode !== 0) record.lose(`a replica ended with ${exitCode} on SIGTERM: ${replica.told}`)
  }
  return snapshots
}

/** Within this a replica knows what another one has changed. */
const FOLLOW_MS = 1_000
