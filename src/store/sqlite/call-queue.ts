// Gathers what is asked in one turn of the event loop, and while the engine is at the last of it, and hands it over together: it
// shares a commit. Product code is not kept waiting when the disk hangs: what it asked is given up, what it asks meanwhile refused.
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

const TICK_MS = 100

/**
 * For so many ticks a call may wait for an engine that is at one and the same thing; then it hangs, and the call is given up. Who
 * asked has another way: /assign a fallback, which is to come within a second; an event is sent again. A change that were given up
 * would leave us in the dark, so it waits. Ticks, not a clock: a thread that was busy itself ticks once, whatever the time.
 */
const PATIENCE_TICKS: Partial<Record<SentenceName, number>> = {
  keepAssignments: 8,
  findAssignments: 8,
  ping: 8,
  recordRewards: 50,
}

export class CallQueue {
  readonly #performer: Performer
  readonly #onHang: (hangs: boolean) => void
  readonly #timer: NodeJS.Timeout
  #gathered: Waiting[] = []
  #underWay: readonly Waiting[] = []
  /** How many ticks have seen the same calls under way. */
  #ticks = 0
  #hangs = false
  #isClosed = false

  /** `onHang` hears when the engine begins to hang, and when it goes on. */
  constructor(performer: Performer, onHang: (hangs: boolean) => void) {
    this.#performer = performer
    this.#onHang = onHang
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /**
   * Resolves to what the sentence answers, once that is on disk.
   *
   * @throws StoreUnavailableError also when the engine hangs; then it may yet do what was asked
   */
  ask<Name extends SentenceName>(
    name: Name,
    ...args: Parameters<Sentences[Name]>
  ): Promise<ReturnType<Sentences[Name]>> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailableError(new Error('The store is closed')))
    if (this.#isTooLateFor(name)) return Promise.reject(hanging())
    return new Promise((resolve, reject) => {
      if (this.#gathered.length === 0) setImmediate(() => this.#handOver())
      this.#gathered.push({ call: { name, args }, resolve: resolve as Waiting['resolve'], reject })
    })
  }

  /** How many sentences were asked and are not answered. */
  get depth(): number {
    return this.#gathered.length + this.#underWay.length
  }

  /** Takes no more, and resolves when all that was asked is answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#gathered.length > 0 || this.#underWay.length > 0) await new Promise(resolve => setImmediate(resolve))
    clearInterval(this.#timer)
  }

  #handOver(): void {
    if (this.#underWay.length > 0 || this.#gathered.length === 0) return
    const waiting = this.#gathered
    this.#gathered = []
    const outcomes = this.#performer.perform(waiting.map(({ call }) => call))
    if (outcomes instanceof Promise) this.#await(waiting, outcomes)
    else answer(waiting, outcomes)
  }

  async #await(waiting: readonly Waiting[], outcomes: Promise<readonly Outcome[]>): Promise<void> {
    this.#underWay = waiting
    const known = await outcomes
    this.#underWay = []
    this.#ticks = 0
    this.#note(false)
    // The engine first: it works on while the answers go out.
    this.#handOver()
    answer(waiting, known)
  }

  #tick(): void {
    if (this.#underWay.length === 0) return
    this.#ticks += 1
    const isGivenUp = ({ call }: Waiting) => this.#isTooLateFor(call.name)
    const givenUp = [...this.#underWay, ...this.#gathered].filter(isGivenUp)
    if (givenUp.length === 0) return
    this.#note(true)
    this.#gathered = this.#gathered.filter(waiting => !isGivenUp(waiting))
    for (const { reject } of givenUp) reject(hanging())
  }

  #isTooLateFor(name: SentenceName): boolean {
    return this.#ticks >= (PATIENCE_TICKS[name] ?? Number.POSITIVE_INFINITY)
  }

  #note(hangs: boolean): void {
    if (hangs === this.#hangs) return
    this.#hangs = hangs
    this.#onHang(hangs)
  }
}

/** What was given up meanwhile has been answered; this then changes nothing. */
function answer(waiting: readonly Waiting[], outcomes: readonly Outcome[]): void {
  for (const [position, { resolve, reject }] of waiting.entries()) {
    const outcome = outcomes[position] as Outcome
    if ('error' in outcome) reject(outcome.error)
    else resolve(outcome.result)
  }
}

function hanging(): StoreUnavailableError {
  return new StoreUnavailableError(new Error('The disk does not answer'))
}
