// When the store begins to fail, and when it works again, told once each, though it may fail in several places.
import type { OnTurn } from './hearers.ts'

export class Turn {
  readonly #onTurn: OnTurn
  readonly #failing = new Set<string>()

  constructor(onTurn: OnTurn) {
    this.#onTurn = onTurn
  }

  /** Takes in how a place does: an error, or null where it works. */
  note(place: string, error: unknown): void {
    const wasFailing = this.#failing.size > 0
    if (error === null) this.#failing.delete(place)
    else this.#failing.add(place)
    if (this.#failing.size > 0 !== wasFailing) this.#onTurn(error)
  }
}
