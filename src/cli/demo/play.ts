// One replay on a terminal, from the creation of the experiment to the report: progress goes to
// stderr, the report to stdout.
import type { PolicyType } from '../../bandit/policies/registry.ts'
import { Client } from '../service/client.ts'
import { formatCount, ProgressBar } from '../terminal/progress-bar.ts'
import { outcomesIn, type Recording, unitNames } from './recording.ts'
import { type Played, replayUnits } from './replay-units.ts'
import { Session } from './session.ts'

interface PlayOptions {
  readonly url: URL
  readonly key: string | null
  /** The experiment's key. */
  readonly name: string
  readonly policy: PolicyType
  /** At most this many units; null: until the outcomes of an arm are used up. */
  readonly limit: number | null
}

/** `notes`: lines to print beside the counts. */
export type Replay = (
  session: Session,
  units: readonly string[],
  bar: ProgressBar,
) => Promise<Played & { readonly notes?: readonly string[] }>

/** @throws Failure when no service answers, it refuses, or it stays unavailable */
export async function play(
  recording: Recording,
  { url, key, name, policy, limit }: PlayOptions,
  replay: Replay = (session, units, bar) =>
    replayUnits(session, recording, units, done => bar.update(done, units.length, 'units')),
): Promise<void> {
  const bar = new ProgressBar()
  const client = new Client({ url, key, onNotice: text => bar.say(text) })
  await client.expectReady()
  const session = await Session.open(client, name, recording, policy)
  const units = unitNames(recording, Math.min(limit ?? Number.POSITIVE_INFINITY, outcomesIn(recording)))
  const startedAt = performance.now()
  const played = await replay(session, units, bar)
  const seconds = (performance.now() - startedAt) / 1_000
  for (const fact of [...factsOf(session, played, seconds, limit), ...(played.notes ?? []), '']) bar.say(fact)
  process.stdout.write(await session.report('txt'))
}

function factsOf({ counts }: Session, { units, usedUp }: Played, seconds: number, limit: number | null): string[] {
  const { assigned, kept, recorded, duplicate, late } = counts
  const facts = [
    `${formatCount(units)} units in ${seconds.toFixed(1)} s, ${formatCount(Math.round(units / seconds))} a second; ` +
      `${formatCount(recorded)} rewards counted`,
  ]
  if (usedUp !== null) facts.push(`It ends here because the outcomes of ${usedUp} are used up: each is used once`)
  else if (units === limit) facts.push(`It ends here because ${formatCount(limit)} units were asked for`)
  if (kept > 0) {
    facts.push(`${formatCount(assigned)} units were new; ${formatCount(kept)} had their arm already and kept it`)
  }
  if (duplicate > 0) facts.push(`${formatCount(duplicate)} rewards were duplicates and count once`)
  if (late > 0) facts.push(`${formatCount(late)} rewards are dated outside their window: kept, and not counted`)
  return facts
}
