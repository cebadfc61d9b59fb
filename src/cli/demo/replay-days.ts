// Replays a recording in compressed time, day by day and in the real order: first the assignments
// of a day, then its rewards. The clock stops while the service is behind or unavailable, so that
// the order is preserved.
import { setTimeout as sleep } from 'node:timers/promises'
import { dealOutcomes } from './deal-outcomes.ts'
import { Decks } from './decks.ts'
import type { Calendar, Outcome, Recording } from './recording.ts'
import type { Played } from './replay-units.ts'
import type { RewardEvent, Session } from './session.ts'

/**
 * A reward is dated its delay after the assignment that the service has kept, and sent on its day.
 * One that is dated before its assignment is sent on the day of the assignment. `onProgress` is
 * called with the day that has passed and the last day so far.
 */
export async function replayDays(
  session: Pick<Session, 'assign' | 'reward'>,
  { calendar, inFlight, outcomes }: Recording & { readonly calendar: Calendar },
  units: readonly string[],
  onProgress: (day: number, lastDay: number) => void,
): Promise<Played> {
  const unitsOn = Map.groupBy(units, (_, position) => calendar.days[position] ?? 0)
  const allDecks = new Decks(outcomes)
  const post = new Post(calendar.dayMs)
  const lags = new Lags()
  const lastLetter = calendar.days[units.length - 1] ?? 0
  let done = 0
  for (let day = 0; day <= Math.max(lastLetter, post.lastDay); day++) {
    const dayIsOver = sleep(calendar.dayMs)
    const decks = calendar.isSameDay ? new Decks(outcomesOf(outcomes, day)) : allDecks
    for await (const dealt of dealOutcomes(unitsOn.get(day) ?? [], unit => session.assign(unit), decks, inFlight)) {
      post.add(dealt.assignment, dealt.outcome, day)
      lags.add(dealt.assignment.arm, day - dealt.outcome.day)
      done += 1
    }
    await session.reward(post.dueOn(day))
    await dayIsOver
    onProgress(day, Math.max(lastLetter, post.lastDay))
  }
  return { units: done, usedUp: done < units.length ? allDecks.usedUp : null, lagDays: lags.means() }
}

/** Rewards on their way, by the day on which they are due. */
class Post {
  readonly #dayMs: number
  readonly #dueOn = new Map<number, RewardEvent[]>()
  lastDay = 0

  constructor(dayMs: number) {
    this.#dayMs = dayMs
  }

  add({ unit, assignedAt }: { unit: string; assignedAt: number }, { rewards, delayDays }: Outcome, day: number): void {
    if (rewards.length === 0) return
    const due = day + Math.max(0, delayDays)
    const at = assignedAt + delayDays * this.#dayMs
    const events = this.#dueOn.get(due) ?? []
    events.push(...rewards.map(reward => ({ unit, ...reward, at })))
    this.#dueOn.set(due, events)
    this.lastDay = Math.max(this.lastDay, due)
  }

  dueOn(day: number): readonly RewardEvent[] {
    return this.#dueOn.get(day) ?? []
  }
}

class Lags {
  readonly #totals = new Map<string, { units: number; days: number }>()

  add(arm: string, days: number): void {
    const total = this.#totals.get(arm) ?? { units: 0, days: 0 }
    this.#totals.set(arm, { units: total.units + 1, days: total.days + days })
  }

  means(): ReadonlyMap<string, number> {
    return new Map([...this.#totals].map(([arm, { units, days }]) => [arm, days / units]))
  }
}

function outcomesOf(outcomes: Recording['outcomes'], day: number): Recording['outcomes'] {
  return new Map([...outcomes].map(([arm, ofArm]) => [arm, ofArm.filter(outcome => outcome.day === day)]))
}
