// Why the events of one call were rejected, so that an answer has an end however many they are.
import { BanditError, type Fault } from '../../bandit/errors.ts'
import { FaultNames, shortened } from '../input/fields.ts'

/**
 * An event that is rejected is told why in so many characters; each of its faults may have as many.
 */
const MAX_MESSAGE = 10_000

/**
 * The messages of one call have so many characters together, or little more; the others are
 * `UNTOLD`.
 */
export const MAX_MESSAGES = 1_000_000

export const UNTOLD = 'The answer has no room for more reasons'

export class RejectionMessages {
  readonly #names = new FaultNames()
  /** Errors by how many faults they count. */
  readonly #counted = new Map<number, BanditError>()
  #left = MAX_MESSAGES

  /**
   * What is wrong with the shape of an event. Faults that are counted only share an error: half a
   * million lines may have such.
   */
  shapeError(faults: readonly Fault[]): BanditError {
    if (!this.#names.isSpent) return this.#newError(faults)
    const known = this.#counted.get(faults.length)
    if (known !== undefined) return known
    const error = this.#newError(faults)
    this.#counted.set(faults.length, error)
    return error
  }

  #newError(faults: readonly Fault[]): BanditError {
    return new BanditError('invalid_request', this.#names.name(faults, 'the event').text)
  }

  /** As much of a message as there is room for. */
  told(message: string): string {
    if (this.#left <= 0) return UNTOLD
    const told = shortened(message, MAX_MESSAGE)
    this.#left -= told.length
    return told
  }
}
