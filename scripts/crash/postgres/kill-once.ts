// One kill, of the database or of a replica, with the client at work; over when every replica
// assigns again.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { oneOf } from '../one-of.ts'
import { killWhileMigrating } from './migration-kill.ts'
import type { Replica } from './replica.ts'
import { recovered, type Scene } from './scene.ts'

export type Victim = 'database' | 'replica'

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

/** Answers what it hit. */
export async function killOnce(scene: Scene, victim: Victim, number: number): Promise<string> {
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
