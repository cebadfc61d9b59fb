// Asks for the arms of units, several at a time, and deals each unit the next unused outcome of its
// arm, in the order of the units. So the n-th unit of an arm gets the arm's n-th outcome in
// whatever order the answers arrive, and a replay that was interrupted and is run again deals the
// same.
import type { Decks } from './decks.ts'
import type { Assignment } from './session.ts'

export interface Dealt<Card> {
  readonly assignment: Assignment
  readonly outcome: Card
}

/**
 * At most `inFlight` units wait for their arm at once, and never more than the shortest deck has
 * outcomes: each of them gets its outcome, and the dealing ends when a deck is used up.
 */
export async function* dealOutcomes<Card>(
  units: readonly string[],
  assign: (unit: string) => Promise<Assignment>,
  decks: Decks<Card>,
  inFlight: number,
): AsyncGenerator<Dealt<Card>, void, undefined> {
  const waiting: Promise<Assignment>[] = []
  let asked = 0
  while (true) {
    const room = Math.min(inFlight, decks.scarcest) - waiting.length
    for (const unit of units.slice(asked, asked + Math.max(0, room))) {
      const answer = assign(unit)
      // It may fail before its turn; the failure is then reported in its turn.
      answer.catch(() => {})
      waiting.push(answer)
      asked += 1
    }
    const next = waiting.shift()
    if (next === undefined) return
    const assignment = await next
    yield { assignment, outcome: decks.deal(assignment.arm) }
  }
}
