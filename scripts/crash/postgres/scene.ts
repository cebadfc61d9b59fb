// All who take part in a crash test: the database, the replicas, the client that keeps them busy,
// and its record.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { type Chance, seededChance } from '../../../src/stats/numerics/chance.ts'
import { compareAll } from '../compare.ts'
import { EXPERIMENT } from '../definition.ts'
import { Load } from '../load.ts'
import { ClientRecord } from '../record.ts'
import { assignOne } from '../retryable-requests.ts'
import { ask, prepare } from '../session.ts'
import { MOMENTS, type Moments } from './moments.ts'
import { Replica } from './replica.ts'
import type { Site } from './site.ts'
import { Spread } from './spread.ts'

export interface SceneOptions {
  readonly site: Site
  /** For whatever the services leave there. */
  readonly folder: string
  readonly seed: number
  readonly replicas?: number
  readonly moments?: Moments
}

export interface Scene {
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

export const DATABASE = 'pinwheel'

/** Anyone who has no answer waits so long before it asks again. */
const RETRY_MS = 20
/**
 * What one process changes holds on another within a second; while the database is away it cannot.
 */
const GRACE_MS = 10_000
const RECOVERY_LIMIT_MS = 10_000

export function sceneOf({ site, folder, seed, moments = MOMENTS }: SceneOptions): Scene {
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
export async function begin({ site, folder, replicas }: Scene, { replicas: count = 2 }: SceneOptions): Promise<void> {
  await site.query('postgres', `CREATE DATABASE ${DATABASE}`)
  while (replicas.length < count) {
    const replica = new Replica({ databaseUrl: site.urlOf(DATABASE), folder })
    replicas.push(replica)
    await replica.ready()
    if (replicas.length === 1) await prepare(replica)
  }
}

/** Resolves when every replica assigns. @throws Failure */
export async function recovered(scene: Scene): Promise<void> {
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

/**
 * Sends again what had no answer, asks for all that was acknowledged, and compares. Answers the
 * snapshots.
 */
export async function conclude({ load, spread, replicas, record }: Scene): Promise<number> {
  if (!(await load.settle(spread))) throw new Failure('The service does not answer any more')
  let snapshots = 0
  for (const replica of replicas) {
    await caughtUp(replica, record.definition.version)
    snapshots = await compareAll(replica, record)
  }
  for (const replica of replicas) {
    const exitCode = await replica.stop()
    if (exitCode !== 0) record.lose(`a replica ended with ${exitCode} on SIGTERM: ${replica.told}`)
  }
  return snapshots
}

/** Within this a replica knows what another one has changed; if not, the comparison tells. */
const FOLLOW_LIMIT_MS = 1_000

async function caughtUp(replica: Replica, version: number): Promise<void> {
  const until = performance.now() + FOLLOW_LIMIT_MS
  const knows = async () => JSON.parse(await ask(replica, 'GET', `/experiments/${EXPERIMENT}`)).version >= version
  while (!(await knows()) && performance.now() < until) await sleep(RETRY_MS)
}
