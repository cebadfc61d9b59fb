// What a busy client does, by seeded chance: single units and batches, rewards alone, in lists and
// in streams, corrections, changes of the experiment, and what it has said before. What had no
// answer comes first, and after a restart everything acknowledged since the last one.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../src/stats/numerics/chance.ts'
import type { Sender } from '../http/client.ts'
import { drawKind, drawOne } from './chance.ts'
import type { ClientRecord, RewardEvent } from './record.ts'
import {
  assignMany,
  assignOne,
  changeExperiment,
  type RetryableRequest,
  repeatRewards,
  rewardMany,
  rewardOne,
  rewardStream,
} from './retryable-requests.ts'

/** Requests under way at the same time. */
const IN_FLIGHT = 8

const BATCH = 100
const LIST = 100
/** Longer than what the service writes in one commit. */
const STREAM = 1_200
const CHECK = 1_000

const SETTLE_ATTEMPTS = 5

/** Requests of one kind among a hundred. */
const MIX = {
  assignOne: 39,
  assignMany: 8,
  rewardOne: 36,
  rewardMany: 8,
  rewardStream: 3,
  change: 1,
  ask: 3,
  repeat: 2,
}

interface Waiting {
  readonly request: RetryableRequest
  /** It was sent before, without an answer. */
  readonly isRetry: boolean
}

export class Load {
  readonly #record: ClientRecord
  readonly #chance: Chance
  readonly #retryMs: number | null
  readonly #waiting: Waiting[] = []
  #checked = { units: 0, rewards: 0 }
  #units = 0
  #events = 0
  #answered = 0
  #unanswered = 0
  #isOver = false

  /**
   * `retryMs`: after so much time without an answer it goes on, as there is somebody else to ask,
   * or will be soon; without it anyone who has no answer stops.
   */
  constructor(record: ClientRecord, chance: Chance, { retryMs = null }: { readonly retryMs?: number | null } = {}) {
    this.#record = record
    this.#chance = chance
    this.#retryMs = retryMs
  }

  /** Requests so far. */
  get counts() {
    return { answered: this.#answered, unanswered: this.#unanswered }
  }

  /**
   * Sends until `end()` is called or the service is gone; then resolves, when no request is under
   * way any more.
   */
  async run(connection: Sender): Promise<void> {
    this.#isOver = false
    this.#waiting.push(...this.#checks())
    await this.#work(connection, () => this.#waiting.shift() ?? fresh(this.#fresh()))
  }

  /**
   * Sends what still waits, asks again for all that was ever acknowledged; false when some of it
   * has no answer for good.
   */
  async settle(connection: Sender): Promise<boolean> {
    for (let attempt = 1; attempt <= SETTLE_ATTEMPTS; attempt++) if (await this.#trySettling(connection)) return true
    return false
  }

  /** Changes the experiment at once, beside the other requests, unless a change is under way. */
  async change(connection: Sender): Promise<void> {
    if (this.#record.definition.isAsked) return
    await this.#send(connection, fresh(changeExperiment(this.#record, this.#chance)))
  }

  end(): void {
    this.#isOver = true
  }

  async #trySettling(connection: Sender): Promise<boolean> {
    this.#isOver = false
    this.#checked = { units: 0, rewards: 0 }
    await this.#work(connection, () => this.#waiting.shift() ?? null)
    if (this.#waiting.length > 0) return false
    this.#waiting.push(...this.#checks())
    await this.#work(connection, () => this.#waiting.shift() ?? null)
    return this.#waiting.length === 0
  }

  async #work(connection: Sender, next: () => Waiting | null): Promise<void> {
    const worker = async () => {
      while (!this.#isOver) {
        const waiting = next()
        if (waiting === null) return
        if (await this.#send(connection, waiting)) continue
        if (this.#retryMs === null) return
        await sleep(this.#retryMs)
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  }

  /** False: there was no answer, and it waits to be sent again. */
  async #send(connection: Sender, { request, isRetry }: Waiting): Promise<boolean> {
    const answer = await connection.send(request.message)
    const isHeard = answer !== null && request.hear(answer, isRetry)
    this.#answered += isHeard ? 1 : 0
    if (isHeard) return true
    this.#unanswered += 1
    this.#waiting.push({ request, isRetry: true })
    return false
  }

  /** All that was acknowledged since it was last asked for. */
  #checks(): Waiting[] {
    const units = this.#record.units.slice(this.#checked.units)
    const rewards = this.#record.rewards.slice(this.#checked.rewards)
    this.#checked = { units: this.#record.units.length, rewards: this.#record.rewards.length }
    return [
      ...portions(units).map(portion => fresh(assignMany(this.#record, portion, true))),
      ...portions(rewards).map(portion => fresh(repeatRewards(this.#record, portion))),
    ]
  }

  #fresh(): RetryableRequest {
    const record = this.#record
    if (record.units.length === 0) return this.#assignOne()
    const kind = drawKind(MIX, this.#chance)
    const [unit, event] = [() => this.#newUnit(), () => this.#newEvent()]
    if (record.rewards.length === 0 || kind === 'rewardOne') return rewardOne(record, event())
    if (kind === 'assignMany') return assignMany(record, this.#many(BATCH, unit), false)
    if (kind === 'rewardMany') return rewardMany(record, this.#many(LIST, event))
    if (kind === 'rewardStream') return rewardStream(record, this.#many(STREAM, event))
    if (kind === 'change' && !record.definition.isAsked) return changeExperiment(record, this.#chance)
    if (kind === 'ask') return assignMany(record, this.#someOf(record.units), true)
    if (kind === 'repeat') return repeatRewards(record, this.#someOf(record.rewards))
    return this.#assignOne()
  }

  #assignOne(): RetryableRequest {
    return assignOne(this.#record, this.#newUnit())
  }

  /** Now and then the one before, which may be under way just now: the first writer wins. */
  #newUnit(): string {
    if (this.#units === 0 || this.#chance() > 0.1) this.#units += 1
    return `u${this.#units}`
  }

  /** One in five takes back what an earlier one may have said. */
  #newEvent(): RewardEvent {
    const metric = this.#chance() < 0.5 ? 'visit' : 'spend'
    const amount = metric === 'visit' ? 1 : 1 + Math.floor(100 * this.#chance())
    const value = this.#chance() < 0.2 ? -amount : amount
    this.#events += 1
    return { unit: drawOne(this.#record.units, this.#chance), metric, value, id: `e${this.#events}` }
  }

  #many<Thing>(most: number, make: () => Thing): Thing[] {
    return Array.from({ length: 1 + Math.floor(most * this.#chance()) }, make)
  }

  #someOf<Thing>(things: readonly Thing[]): Thing[] {
    return this.#many(LIST, () => drawOne(things, this.#chance))
  }
}

function fresh(request: RetryableRequest): Waiting {
  return { request, isRetry: false }
}

function portions<Thing>(things: readonly Thing[]): Thing[][] {
  return Array.from({ length: Math.ceil(things.length / CHECK) }, (_, index) =>
    things.slice(index * CHECK, (index + 1) * CHECK),
  )
}
