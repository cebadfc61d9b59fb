// One replay from start to report, as shown on a terminal. Progress is written to stderr, the
// report to stdout.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseWindow } from '../../bandit/metrics/metric.ts'
import type { PolicyType } from '../../bandit/policies/registry.ts'
import { Client } from '../service/client.ts'
import { formatCount, ProgressBar } from '../terminal/progress-bar.ts'
import { outcomesIn, type Recording, unitNames } from './recording.ts'
import { replayDays } from './replay-days.ts'
import { type Played, replayUnits } from './replay-units.ts'
import { Session } from './session.ts'

export interface PlayOptions {
  readonly url: URL
  readonly key: string | null
  /** The experiment's key. */
  readonly name: string
  readonly policy: PolicyType
  /** The largest number of units; null: until the outcomes of an arm are used up. */
  readonly limit: number | null
}

/** @throws Failure when the service is not there, refuses, or stays unavailable */
export async function play(recording: Recording, { url, key, name, policy, limit }: PlayOptions): Promise<void> {
  const bar = new ProgressBar()
  const client = new Client({ url, key, say: sentence => bar.say(sentence) })
  await client.greet()
  const session = await Session.open(client, name, recording, policy)
  const units = unitNames(recording, Math.min(limit ?? Number.POSITIVE_INFINITY, outcomesIn(recording)))
  const startedAt = performance.now()
  const played = await playUnits(session, recording, units, bar)
  const seconds = (performance.now() - startedAt) / 1_000
  for (const fact of factsOf(session, played, seconds, limit)) bar.say(fact)
  await untilMature(session, recording)
  bar.say('')
  process.stdout.write(await session.textReport())
  client.close()
}

function playUnits(
  session: Session,
  recording: Recording,
  units: readonly string[],
  bar: ProgressBar,
): Promise<Played> {
  const { calendar } = recording
  if (calendar === null) {
    return replayUnits(session, recording, units, done => bar.update(done, units.length, 'units'))
  }
  const onDay = (day: number, lastDay: number) => bar.update(day, lastDay, 'days')
  return replayDays(session, { ...recording, calendar }, units, onDay)
}

function factsOf({ counts }: Session, played: Played, seconds: number, limit: number | null): string[] {
  const { units, usedUp, lagDays } = played
  const { assigned, kept, recorded, duplicate, late } = counts
  const facts = [
    `${formatCount(units)} units in ${seconds.toFixed(1)} s, ${formatCount(Math.round(units / seconds))} a second; ` +
      `${formatCount(recorded)} rewards counted`,
  ]
  if (usedUp !== null) facts.push(`It ends here because the outcomes of ${usedUp} are used up: each is dealt once`)
  else if (units === limit) facts.push(`It ends here because this number of units was requested`)
  if (kept > 0) {
    facts.push(`${formatCount(assigned)} units were new; ${formatCount(kept)} had their arm already and kept it`)
  }
  if (duplicate > 0) facts.push(`${formatCount(duplicate)} rewards were duplicates and count once`)
  if (late > 0) facts.push(`${formatCount(late)} rewards are dated outside their window: kept, and not counted`)
  const lag = lagFact(lagDays)
  return lag === null ? facts : [...facts, lag]
}

/**
 * Arms whose outcomes lag by different times are compared across seasons, which readers of the
 * lifts must be told.
 */
function lagFact(lagDays: Played['lagDays']): string | null {
  const days = [...lagDays.values()]
  if (Math.max(...days) - Math.min(...days) < LEAST_NOTED_LAG_DAYS) return null
  const lags = [...lagDays].map(
    ([arm, lag]) => `${arm} ${Math.abs(lag).toFixed(0)} days ${lag < 0 ? 'younger' : 'older'}`,
  )
  return `Mind the lifts, which compare months too: the outcomes are of other letters than their units, ${lags.join(', ')} on the average; --same-day deals outcomes of the same day only`
}

const LEAST_NOTED_LAG_DAYS = 7

const POLL_MS = 200
/** A snapshot closes the last batch, and snapshots are a second apart. */
const GRACE_MS = 3_000

/** Waits for the attribution window of the last units to pass, so that the report has them all. */
async function untilMature(session: Session, { definition }: Recording): Promise<void> {
  const window = definition.metrics.find(({ role }) => role === 'primary')?.window
  if (window == null) return
  const giveUpAt = performance.now() + (parseWindow(window) ?? 0) + GRACE_MS
  while (performance.now() < giveUpAt && (await session.immatureUnits()) > 0) await sleep(POLL_MS)
}
