// Kills the database and the replicas of the service in turn while a client keeps them busy, and
// holds what they say afterwards against what they had acknowledged.
import { audit } from '../audit.ts'
import { type CrashResult, countsOf } from '../result.ts'
import { killOnce, type Victim } from './kill-once.ts'
import { begin, conclude, DATABASE, type SceneOptions, sceneOf } from './scene.ts'

export interface PostgresCrashOptions extends SceneOptions {
  readonly kills: number
  /** What is killed, in turn. */
  readonly victims?: readonly Victim[]
  readonly onKill?: (kill: { readonly number: number; readonly moment: string }) => void
  /**
   * Called before the last audit with nothing under way: for tests that lose something on purpose.
   */
  readonly meddle?: () => Promise<void>
}

export interface PostgresCrashResult extends CrashResult {
  /** Times that every connection of the services was cut. */
  readonly cuts: number
  readonly fallbacks: number
  readonly slowestFallbackMs: number
  /**
   * From when the database could be written, or the replica listened, until every replica assigned
   * again: the slowest.
   */
  readonly slowestRecoveryMs: number
}

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
