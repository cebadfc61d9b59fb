// Load that waits for its answers: so many connections, each sends its next request when its last
// one is answered.
import { Failure } from '../../../src/cli/terminal/failure.ts'
import type { RawAnswer } from '../../http/raw-answer.ts'
import { LoadConnection } from './connection.ts'
import { Histogram } from './histogram.ts'
import type { Workload } from './workloads.ts'

export interface Load {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly workload: Workload
}

export interface LoadResult {
  readonly requests: number
  /** From the first request to the last answer. */
  readonly seconds: number
  /** By request, in ms. */
  readonly latencies: Histogram
}

/**
 * @throws Failure at the first answer that is not what it must be, and when a connection is lost
 */
export async function loadClosed(load: Load): Promise<LoadResult> {
  const loop = new ClosedLoop(load)
  try {
    return await loop.run()
  } finally {
    loop.close()
  }
}

class ClosedLoop {
  readonly #load: Load
  readonly #latencies = new Histogram()
  readonly #connections: LoadConnection[] = []
  readonly #ended = Promise.withResolvers<void>()
  #deadline = 0
  #lastAnswerAt = 0
  #busy: number

  constructor(load: Load) {
    this.#load = load
    this.#busy = load.connections
  }

  async run(): Promise<LoadResult> {
    const opening = Array.from({ length: this.#load.connections }, () => this.#open())
    const starts = (await Promise.race([Promise.all(opening), this.#ended.promise])) ?? []
    const startedAt = performance.now()
    this.#deadline = startedAt + 1_000 * this.#load.seconds
    for (const start of starts) start()
    await this.#ended.promise
    const seconds = (this.#lastAnswerAt - startedAt) / 1_000
    return { requests: this.#latencies.count, seconds, latencies: this.#latencies }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  /** Resolves when the connection stands, to what sends its first request. */
  #open(): Promise<() => void> {
    const { port, workload } = this.#load
    const nextRequest = workload.requests()
    let sentAt = 0
    const send = () => {
      const bytes = nextRequest()
      sentAt = performance.now()
      connection.send(bytes)
    }
    const onAnswer = (answer: RawAnswer) => {
      this.#check(answer)
      this.#lastAnswerAt = performance.now()
      this.#latencies.add(this.#lastAnswerAt - sentAt)
      if (this.#lastAnswerAt < this.#deadline) return send()
      this.#busy -= 1
      if (this.#busy === 0) this.#ended.resolve()
    }
    const onEnd = (code: string) => this.#ended.reject(new Failure(`A connection was lost under load: ${code}`))
    const opened = Promise.withResolvers<() => void>()
    const connection = new LoadConnection(port, { onAnswer, onEnd }, () => opened.resolve(send))
    this.#connections.push(connection)
    return opened.promise
  }

  #check({ status, body }: RawAnswer): void {
    if (status === 200 && this.#load.workload.isRight(body)) return
    this.#ended.reject(new Failure(`An answer under load is not what it must be: ${status} ${gistOf(body)}`))
  }
}

/** How it begins, and the first fault of an answer for many. */
function gistOf(body: Buffer): string {
  const text = body.toString().trim()
  if (text.length <= TOLD) return text
  const fault = /"code":"[^"]*","message":"[^"]*"/.exec(text)?.[0] ?? ''
  return `${text.slice(0, TOLD)} … ${fault}`
}

const TOLD = 200
