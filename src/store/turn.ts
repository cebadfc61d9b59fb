// When the store begins to fail, and when it works again, told once each, though it may fail in
// several places.
import type { OnHealthChange } from './events.ts'

export class Turn {
  readonly #onHealthChange: OnHealthChange
  readonly #failing = new Set<string>()

  constructor(onHealthChange: OnHealthChange) {
    this.#onHealthChange = onHealthChange
  }

  /** Takes in how a place does: an error, or null where it works. */
  note(place: string, error: unknown): void {
    const wasFailing = this.#failing.size > 0
    if (error === null) this.#failing.delete(place)
    else this.#failing.add(place)
    if (this.#failing.size > 0 !== wasFailing) this.#onHealthChange(error)
  }
}
