// Replays a recording as fast as the service answers: each unit's rewards follow its assignment at
// once.
import { dealOutcomes } from './deal-outcomes.ts'
import { Decks } from './decks.ts'
import type { Recording } from './recording.ts'
import type { Session } from './session.ts'
import { WorkQueue } from './work-queue.ts'

export interface Played {
  readonly units: number
  /** The arm whose outcomes are used up, which ended the replay; null: it ended otherwise. */
  readonly usedUp: string | null
  /**
   * By how many days the dealt outcomes of each arm are older than its units, on the average; empty
   * without a calendar.
   */
  readonly lagDays: ReadonlyMap<string, number>
}

/** `onProgress` is called with the number of units that have got their outcome. */
export async function replayUnits(
  session: Pick<Session, 'assign' | 'reward'>,
  recording: Recording,
  units: readonly string[],
  onProgress: (done: number) => void,
): Promise<Played> {
  const decks = new Decks(recording.outcomes)
  const rewards = new WorkQueue(recording.inFlight)
  let done = 0
  for await (const dealt of dealOutcomes(units, unit => session.assign(unit), decks, recording.inFlight)) {
    const { unit } = dealt.assignment
    const events = dealt.outcome.rewards.map(reward => ({ unit, ...reward }))
    if (events.length > 0) await rewards.add(() => session.reward(events))
    onProgress(++done)
  }
  await rewards.drain()
  return { units: done, usedUp: done < units.length ? decks.usedUp : null, lagDays: new Map() }
}
