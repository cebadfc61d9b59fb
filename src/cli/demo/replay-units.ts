// Replays a recording as fast as the service answers: units are assigned in rounds, each unit gets
// the next unused outcome of its arm, in the order of the units, and its rewards are sent. So a
// replay that was interrupted and is run again gives every unit the same outcome.
import type { Outcome, Recording } from './recording.ts'
import type { Assignment, Session } from './session.ts'

export interface Played {
  readonly units: number
  /** The arm whose outcomes are used up, which ended the replay; null: it ended otherwise. */
  readonly usedUp: string | null
}

/** `onProgress` is called with the number of units that have their outcome. */
export async function replayUnits(
  session: Pick<Session, 'assign' | 'reward'>,
  { outcomes, inFlight }: Recording,
  units: readonly string[],
  onProgress: (done: number) => void,
): Promise<Played> {
  const unused = new UnusedOutcomes(outcomes)
  let done = 0
  let rewarding = Promise.resolve()
  for await (const round of assignInRounds(units, unit => session.assign(unit), unused, inFlight)) {
    await rewarding
    rewarding = session.reward(round.flatMap(({ unit, outcome }) => outcome.rewards.map(each => ({ unit, ...each }))))
    // It fails while the next round is assigned, and is awaited after that.
    rewarding.catch(() => {})
    done += round.length
    onProgress(done)
  }
  await rewarding
  return { units: done, usedUp: done < units.length ? unused.usedUp : null }
}

/**
 * Rounds of at most `inFlight` units, and no more than the arm with the fewest unused outcomes has:
 * every unit that was assigned has an outcome. Ends when the outcomes of an arm are used up.
 */
export async function* assignInRounds<Kind extends Outcome>(
  units: readonly string[],
  assign: (unit: string) => Promise<Assignment>,
  unused: UnusedOutcomes<Kind>,
  inFlight: number,
): AsyncGenerator<(Assignment & { readonly outcome: Kind })[], void, undefined> {
  for (let next = 0; next < units.length && unused.fewest > 0; ) {
    const round = units.slice(next, next + Math.min(inFlight, unused.fewest))
    const assignments = await Promise.all(round.map(assign))
    yield assignments.map(assignment => ({ ...assignment, outcome: unused.take(assignment.arm) }))
    next += round.length
  }
}

/** The outcomes of each arm, in order, each of which is taken once. */
export class UnusedOutcomes<Kind> {
  readonly #queues: ReadonlyMap<string, { readonly outcomes: readonly Kind[]; taken: number }>

  constructor(outcomes: ReadonlyMap<string, readonly Kind[]>) {
    this.#queues = new Map([...outcomes].map(([arm, ofArm]) => [arm, { outcomes: ofArm, taken: 0 }]))
  }

  /** How many are left of the arm that has the fewest. */
  get fewest(): number {
    return Math.min(...[...this.#queues.values()].map(({ outcomes, taken }) => outcomes.length - taken))
  }

  /** An arm that has none left, or null. */
  get usedUp(): string | null {
    const [arm = null] = [...this.#queues].find(([, { outcomes, taken }]) => taken === outcomes.length) ?? []
    return arm
  }

  /** @throws RangeError when the arm has none left, or there is no such arm */
  take(arm: string): Kind {
    const queue = this.#queues.get(arm)
    if (queue === undefined || queue.taken === queue.outcomes.length) {
      throw new RangeError(`There is no unused outcome of arm "${arm}"`)
    }
    return queue.outcomes[queue.taken++] as Kind
  }
}
