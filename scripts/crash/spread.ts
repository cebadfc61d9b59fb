// Sends each message to one of several processes of the service, by chance, and holds them to their
// word that product code is not kept waiting.
import type { Chance } from '../../src/stats/numerics/chance.ts'
import type { Answer, Message, Sender } from '../http/client.ts'
import { drawOne } from './chance.ts'
import type { ClientRecord } from './record.ts'

/** A fallback comes within this, whatever has become of the database. */
const FALLBACK_LIMIT_MS = 1_000

export class Spread implements Sender {
  readonly #senders: readonly Sender[]
  readonly #record: ClientRecord
  readonly #chance: Chance
  #fallbacks = 0
  #slowestFallbackMs = 0

  constructor(senders: readonly Sender[], record: ClientRecord, chance: Chance) {
    this.#senders = senders
    this.#record = record
    this.#chance = chance
  }

  /** Answers with a fallback in them, and how long the slowest of them took. */
  get fallbacks(): { readonly count: number; readonly slowestMs: number } {
    return { count: this.#fallbacks, slowestMs: this.#slowestFallbackMs }
  }

  async send(message: Message): Promise<Answer | null> {
    const sender = drawOne(this.#senders, this.#chance)
    const startedAt = performance.now()
    const answer = await sender.send(message)
    if (answer !== null && message.path.startsWith('/assign') && answer.body.includes('"reason":"fallback"'))
      this.#note(performance.now() - startedAt)
    return answer
  }

  #note(tookMs: number): void {
    this.#fallbacks += 1
    this.#slowestFallbackMs = Math.max(this.#slowestFallbackMs, tookMs)
    if (tookMs > FALLBACK_LIMIT_MS) this.#record.lose(`a fallback took ${tookMs.toFixed(0)} ms`)
  }
}
