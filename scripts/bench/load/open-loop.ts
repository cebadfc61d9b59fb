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

/** A connection with the arrival it carries. */
interface Client {
  readonly connection: LoadConnection
  readonly nextRequest: () => Buffer
  isOpen: boolean
  isBusy: boolean
  dueAt: number
  sentAt: number
}

class OpenLoop {
  readonly #load: OpenLoad
  readonly #idle: Client[] = []
  readonly #clients = new Set<Client>()
  readonly #answers: Record<string, number> = {}
  readonly #lost: Record<string, number> = {}
  readonly #latencies = { sinceDue: new Histogram(), sinceSent: new Histogram(), refusals: new Histogram() }
  #startedAt = 0
  #arrived = 0
  #taken = 0
  #underWay = 0
  #connectionsOpened = 0
  #mostConnections = 0

  constructor(load: OpenLoad) {
    this.#load = load
  }

  async run(): Promise<OpenResult> {
    const { rate, seconds } = this.#load
    const arrivals = Math.round(rate * seconds)
    this.#startedAt = performance.now()
    let [turnedAt, longestPauseMs] = [this.#startedAt, 0]
    while (this.#arrived < arrivals) {
      // A timer, since a loop that spins would not tell whether it has time to spare; it adds a
      // millisecond to what counts since due.
      await sleep(1)
      const now = performance.now()
      longestPauseMs = Math.max(longestPauseMs, now - turnedAt)
      turnedAt = now
      this.#arrived = Math.min(arrivals, Math.floor(((now - this.#startedAt) / 1_000) * rate))
      this.#serveArrivals()
    }
    const unsent = this.#arrived - this.#taken
    this.#arrived = this.#taken
    const graceEnd = performance.now() + GRACE_MS
    while (this.#underWay > 0 && performance.now() < graceEnd) await sleep(10)
    return {
      arrivals,
      // As they are now: to close what is still under way would count it as lost.
      answers: { ...this.#answers },
      lost: { ...this.#lost },
      unsent,
      unanswered: this.#underWay,
      longestPauseMs,
      connectionsOpened: this.#connectionsOpened,
      mostConnections: this.#mostConnections,
      ...this.#latencies,
    }
  }

  close(): void {
    for (const { connection } of this.#clients) connection.close()
  }

  /** Arrivals that nobody has taken yet, oldest first. */
  #serveArrivals(): void {
    while (this.#taken < this.#arrived) {
      const client = this.#idle.pop() ?? this.#open()
      if (client === null) return
      this.#taken += 1
      this.#underWay += 1
      client.dueAt = this.#startedAt + (1_000 * this.#taken) / this.#load.rate
      // At once, or as soon as the connection stands; the wait for that counts.
      client.sentAt = performance.now()
      client.isBusy = true
      if (client.isOpen) client.connection.send(client.nextRequest())
    }
  }

  #open(): Client | null {
    const { port, maxConnections, workload } = this.#load
    if (this.#clients.size >= maxConnections) return null
    const listener = {
      onAnswer: (answer: RawAnswer) => this.#hear(client, answer),
      onEnd: (code: string) => this.#forget(client, code),
    }
    const connection = new LoadConnection(port, listener, () => {
      client.isOpen = true
      connection.send(client.nextRequest())
    })
    const nextRequest = workload.requests()
    const client: Client = { connection, nextRequest, isOpen: false, isBusy: false, dueAt: 0, sentAt: 0 }
    this.#connectionsOpened += 1
    this.#clients.add(client)
    this.#mostConnections = Math.max(this.#mostConnections, this.#clients.size)
    return client
  }

  #hear(client: Client, { status, body, isLast }: RawAnswer): void {
    const now = performance.now()
    const { sinceDue, sinceSent, refusals } = this.#latencies
    const kind = status !== 200 || this.#load.workload.isRight(body) ? String(status) : 'wrong'
    this.#answers[kind] = (this.#answers[kind] ?? 0) + 1
    this.#underWay -= 1
    client.isBusy = false
    if (kind === '200') {
      sinceDue.add(now - client.dueAt)
      sinceSent.add(now - client.sentAt)
    } else if (kind === '503') refusals.add(now - client.sentAt)
    if (isLast) return void client.connection.close()
    this.#idle.push(client)
    this.#serveArrivals()
  }

  #forget(client: Client, code: string): void {
    this.#clients.delete(client)
    const place = this.#idle.indexOf(client)
    if (place !== -1) this.#idle.splice(place, 1)
    if (!client.isBusy) return
    this.#underWay -= 1
    this.#lost[code] = (this.#lost[code] ?? 0) + 1
  }
}
