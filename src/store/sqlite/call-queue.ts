// Gathers the sentences of one turn of the event loop, and hands them to the engine together: they share a commit.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Call, Outcome, SentenceName, Sentences } from './sentences.ts'

/** An engine on this thread or on another. */
export interface Performer {
  perform(calls: readonly Call[]): readonly Outcome[] | Promise<readonly Outcome[]>
}

interface Waiting {
  readonly call: Call
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

export class CallQueue {
  readonly #performer: Performer
  #gathered: Waiting[] = []
  #underWay: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(performer: Performer) {
    this.#performer = performer
  }

  /** Resolves to what the sentence answers, once that is on disk. */
  ask<Name extends SentenceName>(
    name: Name,
    ...args: Parameters<Sentences[Name]>
  ): Promise<ReturnType<Sentences[Name]>> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailableError('closed'))
    return new Promise((resolve, reject) => {
      if (this.#gathered.length === 0) setImmediate(() => this.#handOver())
      this.#gathered.push({ call: { name, args }, resolve: resolve as Waiting['resolve'], reject })
    })
  }

  /** Takes no more, and resolves when all that was asked is answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#gathered.length > 0) await new Promise(resolve => setImmediate(resolve))
    await this.#underWay
  }

  #handOver(): void {
    const waiting = this.#gathered
    this.#gathered = []
    const outcomes = this.#performer.perform(waiting.map(({ call }) => call))
    if (outcomes instanceof Promise) this.#underWay = outcomes.then(outcomes => answer(waiting, outcomes))
    else answer(waiting, outcomes)
  }
}

function answer(waiting: readonly Waiting[], outcomes: readonly Outcome[]): void {
  for (const [position, { resolve, reject }] of waiting.entries()) {
    const outcome = outcomes[position] as Outcome
    if ('error' in outcome) reject(outcome.error)
    else resolve(outcome.result)
  }
}
