// Load that does not wait: arrivals come by the clock, whatever became of those before them, as
// clients do who know nothing of each other. An arrival takes a connection that is free, or opens
// one; where there are too many, it waits its turn here. Its latency counts from the moment it was
// due, so a wait is never left out.
import { setTimeout as sleep } from 'node:timers/promises'
import type { RawAnswer } from '../../http/raw-answer.ts'
import { LoadConnection } from './connection.ts'
import { Histogram } from './histogram.ts'
import type { Workload } from './workloads.ts'

export interface OpenLoad {
  readonly port: number
  /** Arrivals in a second. */
  readonly rate: number
  readonly seconds: number
  /** No more connections than this at the same time. */
  readonly maxConnections: number
  readonly workload: Workload
}

export interface OpenResult {
  readonly arrivals: number
  /** Answers by status; a 200 that is not what it must be counts as `wrong`. */
  readonly answers: Readonly<Record<string, number>>
  /**
   * Connections that were refused, reset or closed while an answer was due, by the system's code.
   */
  readonly lost: Readonly<Record<string, number>>
  /** Arrivals that still waited for a connection, or an answer, at the end. */
  readonly unsent: number
  readonly unanswered: number
  /**
   * How long this loop was held up at the most: more than some ms, and it was not the clock that
   * sent.
   */
  readonly longestPauseMs: number
  readonly connectionsOpened: number
  readonly mostConnections: number
  /** Of answers 200, in ms: since the arrival was due, and since it was sent. */
  readonly sinceDue: Histogram
  readonly sinceSent: Histogram
  /** Of answers 503, since they were sent. */
  readonly refusals: Histogram
}

/** After the last arrival, answers may still come for so long. */
const GRACE_MS = 5_000

export async function loadOpen(load: OpenLoad): Promise<OpenResult> {
  const loop = new OpenLoop(load)
  try {
    return await loop.run()
  } finally {
    loop.close()
  }
}

class OpenLoop {
  readonly #load: OpenLoad
  readonly #idle: Client[] = []
  readonly #clients = new Set<Client>()
  readonly #answers: Record<string, number> = {}
  readonly #lost: Record<string, number> = {}
  readonly #sinceDue = new Histogram()
  readonly #sinceSent = new Histogram()
  readonly #refusals = new Histogram()
  #startedAt = 0
  #arrived = 0
  #taken = 0
  #underWay = 0
  #opened = 0
  #mostConnections = 0

  constructor(load: OpenLoad) {
    this.#load = load
  }

  async run(): Promise<OpenResult> {
    const { rate, seconds } = this.#load
    const total = Math.round(rate * seconds)
    this.#startedAt = performance.now()
    let [turnedAt, longestPauseMs] = [this.#startedAt, 0]
    while (this.#arrived < total) {
      // A timer, since a loop that spins would not tell whether it has time to spare; it adds a
      // millisecond to what counts since due.
      await sleep(1)
      const now = performance.now()
      longestPauseMs = Math.max(longestPauseMs, now - turnedAt)
      turnedAt = now
      this.#arrived = Math.min(total, Math.floor(((now - this.#startedAt) / 1_000) * rate))
      this.#serveArrivals()
    }
    const unsent = this.#arrived - this.#taken
    this.#arrived = this.#taken
    const graceEnd = performance.now() + GRACE_MS
    while (this.#underWay > 0 && performance.now() < graceEnd) await sleep(10)
    return {
      arrivals: total,
      // As they are now: to close what is still under way would count it as lost.
      answers: { ...this.#answers },
      lost: { ...this.#lost },
      unsent,
      unanswered: this.#underWay,
      longestPauseMs,
      connectionsOpened: this.#opened,
      mostConnections: this.#mostConnections,
      sinceDue: this.#sinceDue,
      sinceSent: this.#sinceSent,
      refusals: this.#refusals,
    }
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }

  /** Arrivals that nobody has taken yet, oldest first. */
  #serveArrivals(): void {
    while (this.#taken < this.#arrived) {
      const client = this.#idle.pop() ?? this.#open()
      if (client === null) return
      client.take(this.#nextDue())
      this.#underWay += 1
    }
  }

  /** When the next arrival was due. */
  #nextDue(): number {
    this.#taken += 1
    return this.#startedAt + (1_000 * this.#taken) / this.#load.rate
  }

  #open(): Client | null {
    if (this.#clients.size >= this.#load.maxConnections) return null
    const client = new Client(this.#load, {
      onAnswer: answer => this.#hear(client, answer),
      onEnd: (code, isBusy) => this.#forget(client, code, isBusy),
    })
    this.#opened += 1
    this.#clients.add(client)
    this.#mostConnections = Math.max(this.#mostConnections, this.#clients.size)
    return client
  }

  #hear(client: Client, { status, body, isLast }: RawAnswer): void {
    const now = performance.now()
    const kind = status !== 200 || this.#load.workload.isRight(body) ? String(status) : 'wrong'
    this.#answers[kind] = (this.#answers[kind] ?? 0) + 1
    this.#underWay -= 1
    if (kind === '200') {
      this.#sinceDue.add(now - client.dueAt)
      this.#sinceSent.add(now - client.sentAt)
    } else if (kind === '503') this.#refusals.add(now - client.sentAt)
    if (isLast) return void client.close()
    this.#idle.push(client)
    this.#serveArrivals()
  }

  #forget(client: Client, code: string, isBusy: boolean): void {
    this.#clients.delete(client)
    const place = this.#idle.indexOf(client)
    if (place !== -1) this.#idle.splice(place, 1)
    if (!isBusy) return
    this.#underWay -= 1
    this.#lost[code] = (this.#lost[code] ?? 0) + 1
  }
}

interface ClientListener {
  onAnswer(answer: RawAnswer): void
  onEnd(code: string, isBusy: boolean): void
}

/** A connection with the arrival it carries. */
class Client {
  readonly #connection: LoadConnection
  readonly #nextRequest: () => Buffer
  #isOpen = false
  #isBusy = false
  dueAt = 0
  sentAt = 0

  constructor({ port, workload }: OpenLoad, { onAnswer, onEnd }: ClientListener) {
    this.#nextRequest = workload.requests()
    const hear = (answer: RawAnswer) => {
      this.#isBusy = false
      onAnswer(answer)
    }
    this.#connection = new LoadConnection(port, { onAnswer: hear, onEnd: code => onEnd(code, this.#isBusy) }, () => {
      this.#isOpen = true
      this.#send()
    })
  }

  /** Sends at once, or as soon as the connection stands; the wait for that counts. */
  take(dueAt: number): void {
    this.dueAt = dueAt
    this.sentAt = performance.now()
    this.#isBusy = true
    if (this.#isOpen) this.#send()
  }

  close(): void {
    this.#connection.close()
  }

  #send(): void {
    this.#connection.send(this.#nextRequest())
  }
}
