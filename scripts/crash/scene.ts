// All who take part in a crash test: the database, the processes of the service, the client that
// keeps them busy, and its record.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { ask, type Sender } from '../http/client.ts'
import { EXPERIMENT } from './definition.ts'
import { Load } from './load.ts'
import { ClientRecord, type Told } from './record.ts'
import { Replica } from './replica.ts'
import { assignOne } from './retryable-requests.ts'
import { prepare } from './session.ts'
import type { Site } from './site.ts'
import { Spread } from './spread.ts'

export interface SceneOptions {
  readonly site: Site
  /** For whatever the services leave there. */
  readonly folder: string
  readonly seed: number
  /** As many as the site has, unless given. */
  readonly replicas?: number
  /** Called while a process that was killed is down: for tests that lose something on purpose. */
  readonly onDown?: (() => void) | undefined
}

export interface Scene extends Required<SceneOptions> {
  readonly processes: Replica[]
  readonly record: ClientRecord
  readonly load: Load
  readonly spread: Spread
  readonly chance: Chance
  cuts: number
  backups: number
  probes: number
  slowestRecoveryMs: number
}

export const DATABASE = 'pinwheel'

/** Anyone who has no answer waits so long before it asks again. */
const RETRY_MS = 20
const RECOVERY_LIMIT_MS = 10_000

export function sceneOf({ seed, replicas, onDown, ...options }: SceneOptions): Scene {
  const { site } = options
  const record = new ClientRecord(site.graceMs)
  const processes: Replica[] = []
  return {
    ...options,
    seed,
    replicas: replicas ?? site.replicas,
    onDown,
    processes,
    record,
    load: new Load(record, seededChance(seed, 1), { retryMs: RETRY_MS }),
    spread: new Spread(processes, record, seededChance(seed, 2)),
    chance: seededChance(seed, 0),
    cuts: 0,
    backups: 0,
    probes: 0,
    slowestRecoveryMs: 0,
  }
}

/** The experiment runs, and every process knows it. */
export async function begin({ site, folder, processes, replicas }: Scene): Promise<void> {
  await site.create(DATABASE)
  while (processes.length < replicas) {
    const replica = new Replica({ databaseUrl: site.urlOf(DATABASE), folder })
    processes.push(replica)
    await replica.ready()
    if (processes.length === 1) await prepare(replica)
  }
}

/** Resolves when every replica assigns. @throws Failure */
export async function recovered(scene: Scene): Promise<void> {
  const { processes, record } = scene
  const startedAt = performance.now()
  await Promise.all(
    processes.map(async replica => {
      scene.probes += 1
      const { message, hear } = assignOne(record, `probe-${scene.probes}`)
      for (let isRetry = false; performance.now() < startedAt + RECOVERY_LIMIT_MS; isRetry = true) {
        const answer = await replica.send(message)
        if (answer !== null && hear(answer, isRetry)) return
        await sleep(RETRY_MS)
      }
      throw new Failure(`The service does not recover by itself: ${replica.told}`)
    }),
  )
  scene.slowestRecoveryMs = Math.max(scene.slowestRecoveryMs, performance.now() - startedAt)
}

/**
 * Sends again what had no answer, asks for all that was acknowledged, and compares. Answers the
 * snapshots.
 */
export async function conclude({ load, spread, processes, record }: Scene): Promise<number> {
  if (!(await load.settle(spread))) throw new Failure('The service does not answer any more')
  let snapshots = 0
  for (const replica of processes) {
    await caughtUp(replica, record.definition.version)
    snapshots = await compareAll(replica, record)
  }
  for (const replica of processes) {
    const exitCode = await replica.stop()
    if (exitCode !== 0) record.lose(`the service ended with ${exitCode} on SIGTERM: ${replica.told}`)
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

/**
 * Compares every unit's totals, and every version. To be called when no request waits for an
 * answer. Answers how many snapshots there are.
 */
async function compareAll(service: Sender, record: ClientRecord): Promise<number> {
  const exported = await ask(service, 'GET', `/experiments/${EXPERIMENT}/assignments.ndjson`)
  const rows = exported.split('\n').filter(line => line !== '')
  record.hearExport(rows.map(row => JSON.parse(row) as Told & { outcomes: { visit: number; spend: number } }))
  const shown = JSON.parse(await ask(service, 'GET', `/experiments/${EXPERIMENT}`))
  const { history } = JSON.parse(await ask(service, 'GET', `/experiments/${EXPERIMENT}/history`))
  record.lose(...record.definition.lossesIn(shown, history))
  return countSnapshots(service)
}

export async function countSnapshots(service: Sender): Promise<number> {
  for (let count = 0; ; ) {
    const page = await ask(service, 'GET', `/experiments/${EXPERIMENT}/snapshots?after=${count}`)
    const { snapshots } = JSON.parse(page) as { snapshots: readonly object[] }
    if (snapshots.length === 0) return count
    count += snapshots.length
  }
}
