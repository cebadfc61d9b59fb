// One kill, of the database or of a process of the service, with the client at work; over when
// every process assigns again.
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { killAroundBackup } from './backup-kill.ts'
import { drawKind, drawOne } from './chance.ts'
import { killWhileMigrating } from './migration-kill.ts'
import type { Replica } from './replica.ts'
import { recovered, type Scene } from './scene.ts'
import type { Moment, Victim } from './site.ts'

/** A kill comes at most so long after the load begins … */
const LONGEST_WORK_MS = 600
const LONGEST_OUTAGE_MS = 1_200
/** … or after the launch, when the service may not even be up: it is killed while it recovers. */
const LONGEST_START_MS = 1_000
/** The service looks so often whether a policy is due, from when it says that it listens. */
const REFRESH_TICK_MS = 100

/** Of all kills so many are preceded by a cut of every connection, where there are any. */
const SHARE_OF_CUTS = 0.3

/** Answers what it was aimed at. */
export async function killOnce(scene: Scene, victim: Victim, number: number): Promise<Moment> {
  const { site, load, spread, record, processes, chance } = scene
  const moment = drawKind<Moment>(site.moments, chance)
  if (moment === 'while it migrated') {
    record.lose(...(await killWhileMigrating(scene, victim, number)))
    if (victim === 'database') await recovered(scene)
    return moment
  }
  const working = [load.run(spread)]
  if (site.cut !== undefined && chance() < SHARE_OF_CUTS) {
    await sleep(chance() * LONGEST_WORK_MS)
    await site.cut()
    scene.cuts += 1
  }
  const replica = drawOne(processes, chance)
  await sleep(chance() * LONGEST_WORK_MS)
  if (moment === 'around a refresh') await sleep(untilTick(replica) + chance() * site.aim.refresh)
  if (moment === 'around a change') {
    working.push(load.change(spread))
    await sleep(chance() * site.aim.change)
  }
  const kill = () => {
    const isStarting = moment === 'while it started'
    return victim === 'database' ? killDatabase(scene, isStarting) : killReplica(scene, replica, isStarting)
  }
  if (moment === 'around a backup') await killAroundBackup(scene, kill)
  else await kill()
  await recovered(scene)
  load.end()
  await Promise.all(working)
  return moment
}

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

async function killReplica({ chance, onDown }: Scene, replica: Replica, alsoWhileItStarts: boolean): Promise<void> {
  await replica.kill()
  onDown?.()
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
