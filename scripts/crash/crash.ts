// Kills the service, and the database where it is a server, again and again while a client keeps
// them busy, and holds what they say afterwards against what they had acknowledged.
import { audit } from './audit.ts'
import { killOnce } from './kill-once.ts'
import { begin, conclude, DATABASE, type SceneOptions, sceneOf } from './scene.ts'
import type { Moment, Victim } from './site.ts'

export interface CrashOptions extends SceneOptions {
  readonly kills: number
  readonly victims?: readonly Victim[]
  readonly onKill?: (kill: { readonly number: number; readonly victim: Victim; readonly moment: Moment }) => void
  /**
   * Called before the last audit with nothing under way: for tests that lose something on purpose.
   */
  readonly meddle?: () => Promise<void>
}

export type CrashResult = Awaited<ReturnType<typeof crash>>

const KILLS_PER_AUDIT = 10

/** @throws Failure when a process of the service does not start, or does not recover */
export async function crash(options: CrashOptions) {
  const { site, kills, victims = site.victims, onKill, meddle } = options
  const url = site.urlOf(DATABASE)
  const scene = sceneOf(options)
  const { record, load, spread } = scene
  const counts: Record<string, number> = {}
  let audits = 0
  try {
    await begin(scene)
    for (let number = 1; number <= kills; number++) {
      const victim = victims[(number - 1) % victims.length] as Victim
      const moment = await killOnce(scene, victim, number)
      const name = site.victims.includes('database') ? `${victim} ${moment}` : moment
      counts[name] = (counts[name] ?? 0) + 1
      onKill?.({ number, victim, moment })
      if (number % KILLS_PER_AUDIT !== 0 || number === kills) continue
      record.lose(...(await audit(url, record, record.mark)))
      audits += 1
    }
    const snapshots = await conclude(scene)
    await meddle?.()
    record.lose(...(await audit(url, record, null)))
    return {
      /** By what they were aimed at. */
      kills: counts,
      acknowledgedAssignments: record.counts.assignments,
      acknowledgedRewards: record.counts.rewards,
      acknowledgedChanges: record.definition.changes,
      snapshots,
      /** Those that came to their end; each was restored and compared. */
      backups: scene.backups,
      requestsAnswered: load.counts.answered,
      /** What a kill left without an answer, or with a fallback or a 503; each was sent again. */
      requestsRetried: load.counts.unanswered,
      audits: audits + 1,
      lossCount: record.counts.losses,
      /** The first of them, in words. */
      losses: record.losses,
      cuts: scene.cuts,
      fallbacks: spread.fallbacks.count,
      slowestFallbackMs: spread.fallbacks.slowestMs,
      /** From when what was killed was back until every process assigned again. */
      slowestRecoveryMs: scene.slowestRecoveryMs,
    }
  } finally {
    await Promise.all(scene.processes.map(replica => replica.kill()))
  }
}
