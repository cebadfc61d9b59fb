// Replays a recording in compressed time, day by day and in the real order: first the assignments
// of a day, then the rewards that came on it. The clock stops while the service is behind or
// unavailable, so that the order stays.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseWindow } from '../../src/bandit/metrics/metric.ts'
import type { Replay } from '../../src/cli/demo/play.ts'
import type { Outcome, Recording } from '../../src/cli/demo/recording.ts'
import { assignInRounds, type Played, UnusedOutcomes } from '../../src/cli/demo/replay-units.ts'
import type { Assignment, RewardEvent, Session } from '../../src/cli/demo/session.ts'

export interface DatedRecording extends Recording {
  readonly outcomes: ReadonlyMap<string, readonly DatedOutcome[]>
  /** The day of each next unit, from 0, ascending. */
  readonly days: readonly number[]
  /** A day of the recording takes this many milliseconds. */
  readonly dayMs: number
  /** Units get outcomes of their own day only; else the next one of their arm, of any day. */
  readonly isSameDay: boolean
}

export interface DatedOutcome extends Outcome {
  /** The day of its own assignment. */
  readonly day: number
  /** Days from the assignment to the rewards; negative where they are dated before it. */
  readonly delayDays: number
}

/** `lagDays`: by how many days the outcomes of an arm are older than its units, on average. */
export type PlayedDays = Played & { readonly lagDays: ReadonlyMap<string, number> }

/** The replay of all days, up to the end of the attribution window of the last units. */
export function daysOf(recording: DatedRecording): Replay {
  return async (session, units, bar) => {
    const onDay = (day: number, lastDay: number) => bar.update(day, lastDay, 'days')
    const played = await replayDays(session, recording, units, onDay)
    await untilMature(session, recording)
    return { ...played, notes: lagNotes(played.lagDays) }
  }
}

/**
 * A reward is dated its delay after the assignment that the service has kept, and sent when its day
 * comes. One that is dated before its assignment is sent on the day of the assignment. `onProgress`
 * is called with the day that has passed and the last one so far.
 */
export async function replayDays(
  session: Pick<Session, 'assign' | 'reward'>,
  { days, dayMs, isSameDay, inFlight, outcomes }: DatedRecording,
  units: readonly string[],
  onProgress: (day: number, lastDay: number) => void,
): Promise<PlayedDays> {
  const unitsOn = Map.groupBy(units, (_, position) => days[position] ?? 0)
  const ofAllDays = new UnusedOutcomes(outcomes)
  const dueOn = new Map<number, RewardEvent[]>()
  const lags = new Map<string, { units: number; days: number }>()
  let lastDay = days[units.length - 1] ?? 0
  let done = 0
  for (let day = 0; day <= lastDay; day++) {
    const dayIsOver = sleep(dayMs)
    const unused = isSameDay ? new UnusedOutcomes(outcomesOf(outcomes, day)) : ofAllDays
    for await (const round of assignInRounds(unitsOn.get(day) ?? [], unit => session.assign(unit), unused, inFlight)) {
      for (const assigned of round) {
        const { arm, outcome } = assigned
        const lag = lags.get(arm) ?? { units: 0, days: 0 }
        lags.set(arm, { units: lag.units + 1, days: lag.days + day - outcome.day })
        const due = day + Math.max(0, outcome.delayDays)
        if (outcome.rewards.length > 0) lastDay = Math.max(lastDay, due)
        dueOn.set(due, [...(dueOn.get(due) ?? []), ...eventsOf(assigned, dayMs)])
      }
      done += round.length
    }
    await session.reward(dueOn.get(day) ?? [])
    await dayIsOver
    onProgress(day, lastDay)
  }
  const lagDays = new Map([...lags].map(([arm, lag]) => [arm, lag.days / lag.units]))
  return { units: done, usedUp: done < units.length ? ofAllDays.usedUp : null, lagDays }
}

function outcomesOf(outcomes: DatedRecording['outcomes'], day: number): DatedRecording['outcomes'] {
  return new Map([...outcomes].map(([arm, ofArm]) => [arm, ofArm.filter(outcome => outcome.day === day)]))
}

function eventsOf({ unit, assignedAt, outcome }: Assignment & { outcome: DatedOutcome }, dayMs: number): RewardEvent[] {
  return outcome.rewards.map(reward => ({ unit, ...reward, at: assignedAt + outcome.delayDays * dayMs }))
}

const LAG_WORTH_A_NOTE_DAYS = 7

/** Where the lags of the arms differ, their lifts compare seasons too. */
function lagNotes(lagDays: ReadonlyMap<string, number>): string[] {
  const days = [...lagDays.values()]
  if (Math.max(...days) - Math.min(...days) < LAG_WORTH_A_NOTE_DAYS) return []
  const lags = [...lagDays].map(
    ([arm, lag]) => `${arm} ${Math.abs(lag).toFixed(0)} days ${lag < 0 ? 'younger' : 'older'}`,
  )
  return [
    `Mind the lifts, which compare months too: the outcomes are of other letters than their units, ${lags.join(', ')} on the average; --same-day uses outcomes of the same day only`,
  ]
}

const POLL_MS = 200
/** A snapshot closes the last batch, and snapshots are a second apart. */
const GRACE_MS = 3_000

async function untilMature(session: Session, { definition }: DatedRecording): Promise<void> {
  const windowMs = parseWindow(definition.metrics[0]?.window ?? '') ?? 0
  const giveUpAt = performance.now() + windowMs + GRACE_MS
  while (performance.now() < giveUpAt) {
    const { immatureUnits } = JSON.parse(await session.report('json')) as { immatureUnits: number }
    if (immatureUnits === 0) return
    await sleep(POLL_MS)
  }
}
