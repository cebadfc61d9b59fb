// Gathers what is asked while the engine is at the last of it, and as long as each turn of the
// event loop brings more, and hands it over together: it shares a commit. Product code is not kept
// waiting when the engine hangs: what it asked is given up, what it asks meanwhile refused.
import { StoreUnavailableError } from '../bandit/errors.ts'
import { type Call, type CommandName, type Outcome, rowsOf, type StoreCommands } from './commands.ts'

/** An engine. */
export interface Performer {
  perform(calls: readonly Call[]): Promise<readonly Outcome[]>
}

export interface QueueOptions {
  /** How many batches the engine takes at once. */
  readonly lanes?: number
  /**
   * A batch takes no further call beyond so many rows: anyone who shares it waits for all of them.
   */
  readonly mostRows?: number
  /** For so many ticks a look-up may wait, where it follows a proposal that was given up (8). */
  readonly findTicks?: number
  /** What those are told who wait for an engine that hangs. */
  readonly silence?: string
}

interface Waiting {
  readonly call: Call
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Calls that were handed over together, and how many ticks ago. */
interface Batch {
  readonly waiting: readonly Waiting[]
  ticks: number
}

const TICK_MS = 100

/**
 * What is gathered waits no longer than this for more to share its commit. Who was just answered
 * asks again at once, in a queue that is busy: sixteen clients share one commit instead of four,
 * and each of those takes as long as serving five of them.
 */
const GATHERING_MS = 1

/**
 * So many calls need not wait for the turn to end: in a turn in which a thousand connections are
 * read, that takes a tenth of a second.
 */
const ENOUGH_CALLS = 128

/**
 * For so many ticks a call may wait for an engine that is at one and the same thing; then it hangs,
 * and the call is given up. Who asked has another way: /assign a fallback, which is to come within
 * a second; an event is sent again. A change that were given up would leave us in the dark, so it
 * waits. Ticks, not a clock: a thread that was busy itself ticks once, whatever the time.
 */
const PATIENCE_TICKS: Partial<Record<CommandName, number>> = {
  keepAssignments: 8,
  ping: 8,
  recordRewards: 50,
}

export class CallQueue {
  readonly #performer: Performer
  readonly #onHang: (hangs: boolean) => void
  readonly #timer: NodeJS.Timeout
  readonly #lanes: number
  readonly #mostRows: number
  readonly #silence: string
  readonly #patience: Partial<Record<CommandName, number>>
  readonly #underWay = new Set<Batch>()
  #gathered: Waiting[] = []
  /** When the first of it was asked. */
  #gatheringSince = 0
  /** How much there was in the last turn. */
  #seen = 0
  #isTurnDue = false
  #hangs = false
  #isClosed = false

  /** `onHang` hears when the engine begins to hang, and when it goes on. */
  constructor(
    performer: Performer,
    onHang: (hangs: boolean) => void,
    {
      lanes = 1,
      mostRows = Number.POSITIVE_INFINITY,
      silence = 'The engine does not answer',
      findTicks = 8,
    }: QueueOptions = {},
  ) {
    this.#performer = performer
    this.#onHang = onHang
    this.#lanes = lanes
    this.#mostRows = mostRows
    this.#silence = silence
    this.#patience = { ...PATIENCE_TICKS, findAssignments: findTicks }
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /**
   * Resolves to what the command answers, once that is on disk.
   *
   * @throws StoreUnavailableError also when the engine hangs; then it may yet do what was asked
   */
  ask<Name extends CommandName>(
    name: Name,
    ...args: Parameters<StoreCommands[Name]>
  ): Promise<ReturnType<StoreCommands[Name]>> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailableError(new Error('The store is closed')))
    if (this.#isTooLate(name, this.#stuckTicks)) return Promise.reject(this.#silent())
    return new Promise((resolve, reject) => {
      if (this.#gathered.length === 0) this.#gatheringSince = performance.now()
      this.#gathered.push({ call: { name, args } as Call, resolve: resolve as Waiting['resolve'], reject })
      if (this.#gathered.length < ENOUGH_CALLS) this.#waitForTurn()
      else this.#handOver()
    })
  }

  /** How many commands were asked and are not answered. */
  get depth(): number {
    return [...this.#underWay].reduce((sum, { waiting }) => sum + waiting.length, this.#gathered.length)
  }

  /** For how long every lane has been at one and the same thing; none has, while one is free. */
  get #stuckTicks(): number {
    return this.#underWay.size < this.#lanes ? 0 : Math.min(...[...this.#underWay].map(({ ticks }) => ticks))
  }

  /** Takes no more, and resolves when all that was asked is answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#gathered.length > 0 || this.#underWay.size > 0) await new Promise(resolve => setImmediate(resolve))
    clearInterval(this.#timer)
  }

  #waitForTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(() => this.#takeTurn())
  }

  /** Anyone who waits for a free lane is seen to when there is one. */
  #takeTurn(): void {
    this.#isTurnDue = false
    if (this.#underWay.size >= this.#lanes) return
    const isGrowing = this.#gathered.length > this.#seen
    this.#seen = this.#gathered.length
    if (isGrowing && !this.#isGathered) this.#waitForTurn()
    else this.#handOver()
  }

  get #isGathered(): boolean {
    return this.#gathered.length > 0 && performance.now() - this.#gatheringSince >= GATHERING_MS
  }

  #handOver(): void {
    while (this.#underWay.size < this.#lanes && this.#gathered.length > 0) {
      const waiting = this.#takeBatch()
      this.#seen = 0
      this.#await(waiting, this.#performer.perform(waiting.map(({ call }) => call)))
    }
  }

  /**
   * Single calls go first, so that long ones do not hold them up; of these at least one is among
   * the batch.
   */
  #takeBatch(): Waiting[] {
    const all = this.#gathered.reduce((sum, { call }) => sum + rowsOf(call), 0)
    if (all <= this.#mostRows) return this.#gathered.splice(0)
    const [single, long] = [[] as Waiting[], [] as Waiting[]]
    for (const waiting of this.#gathered) (rowsOf(waiting.call) <= 1 ? single : long).push(waiting)
    const taken = single.splice(0, this.#mostRows)
    let rows = taken.length
    const end = long.findIndex(({ call }) => {
      rows += rowsOf(call)
      return rows > this.#mostRows
    })
    taken.push(...long.splice(0, end === -1 ? long.length : Math.max(1, end)))
    this.#gathered = [...single, ...long]
    return taken
  }

  async #await(waiting: readonly Waiting[], outcomes: Promise<readonly Outcome[]>): Promise<void> {
    const batch = { waiting, ticks: 0 }
    this.#underWay.add(batch)
    const known = await outcomes
    this.#underWay.delete(batch)
    this.#note(false)
    // The engine first, where enough has been gathered: it works on while the answers go out.
    if (this.#isGathered) this.#handOver()
    else if (this.#gathered.length > 0) this.#waitForTurn()
    answer(waiting, known)
  }

  #tick(): void {
    for (const batch of this.#underWay) {
      batch.ticks += 1
      this.#giveUp(batch.waiting, batch.ticks)
    }
    const stuckTicks = this.#stuckTicks
    const all = [...this.#underWay].flatMap(({ waiting }) => waiting).concat(this.#gathered)
    if (!all.some(({ call }) => this.#isTooLate(call.name, stuckTicks))) return
    this.#note(true)
    this.#giveUp(this.#gathered, stuckTicks)
    this.#gathered = this.#gathered.filter(({ call }) => !this.#isTooLate(call.name, stuckTicks))
  }

  #giveUp(waiting: readonly Waiting[], ticks: number): void {
    for (const { call, reject } of waiting) if (this.#isTooLate(call.name, ticks)) reject(this.#silent())
  }

  #isTooLate(name: CommandName, ticks: number): boolean {
    return ticks >= (this.#patience[name] ?? Number.POSITIVE_INFINITY)
  }

  #silent(): StoreUnavailableError {
    return new StoreUnavailableError(new Error(this.#silence))
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
