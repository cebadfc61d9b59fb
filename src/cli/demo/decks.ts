// Deals recorded outcomes like cards: each arm has a deck, in its order, and each card is dealt
// once.

export class Decks<Card> {
  readonly #cards: ReadonlyMap<string, readonly Card[]>
  readonly #dealt = new Map<string, number>()

  /** The cards of each arm, in the order of dealing. */
  constructor(cards: ReadonlyMap<string, readonly Card[]>) {
    this.#cards = cards
  }

  /**
   * How many cards the shortest deck still has. At 0 the game is over: the next unit might get that
   * arm.
   */
  get scarcest(): number {
    let fewest = Number.POSITIVE_INFINITY
    for (const arm of this.#cards.keys()) fewest = Math.min(fewest, this.left(arm))
    return fewest
  }

  /** An arm whose cards are all dealt, or null. */
  get usedUp(): string | null {
    return [...this.#cards.keys()].find(arm => this.left(arm) === 0) ?? null
  }

  left(arm: string): number {
    return (this.#cards.get(arm)?.length ?? 0) - (this.#dealt.get(arm) ?? 0)
  }

  /** @throws RangeError when the arm has no card left, or there is no such arm. */
  deal(arm: string): Card {
    const next = this.#dealt.get(arm) ?? 0
    const cards = this.#cards.get(arm) ?? []
    if (next >= cards.length) throw new RangeError(`Cannot deal an outcome of arm "${arm}": ${next} were all there are`)
    this.#dealt.set(arm, next + 1)
    return cards[next] as Card
  }
}
