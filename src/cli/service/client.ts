// Calls a running service over HTTP and survives its restarts: refused or cut connections, and
// answers of "not now", are retried for about a minute. That is safe, since every request of a
// replay is idempotent.
import http from 'node:http'
import https from 'node:https'
import { Failure } from '../terminal/failure.ts'
import { PATIENT, type Patience, persist, TryAgain } from './persist.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface ClientOptions {
  readonly url: URL
  /** A bearer key; null: the service is open. */
  readonly key: string | null
  /** Called once when the service becomes unavailable, and once when it is back. */
  readonly say: (sentence: string) => void
  readonly patience?: Patience
}

const NOT_NOW = new Set([429, 502, 503, 504])
const ANSWER_TIMEOUT_MS = 10_000
const MAX_SOCKETS = 256

export class Client {
  readonly #base: string
  readonly #transport: typeof http | typeof https
  readonly #agent: http.Agent
  readonly #headers: Readonly<Record<string, string>>
  readonly #say: (sentence: string) => void
  readonly #patience: Patience
  #isAway = false

  constructor({ url, key, say, patience = PATIENT }: ClientOptions) {
    this.#base = url.href.replace(/\/$/, '')
    this.#transport = url.protocol === 'https:' ? https : http
    this.#agent = new this.#transport.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
    this.#headers = key === null ? {} : { Authorization: `Bearer ${key}` }
    this.#say = say
    this.#patience = patience
  }

  /** @throws Failure when nothing answers there, or it is not ready; there is no retry. */
  async greet(): Promise<void> {
    const answer = await this.#exchange('GET', '/readyz').catch(error => {
      throw failureOf(error, 'start one with: npm start')
    })
    if (answer.status !== 200) throw new Failure(`What answers at ${this.#base} is not ready: ${reasonOf(answer)}`)
  }

  /**
   * The answer, whatever its status, except those that mean "not now". @throws Failure when it
   * stays unavailable, or refuses the key
   */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.persist(() => this.#attempt(method, path, body))
    if (answer.status === 401) throw new Failure(this.#keyAsked(answer))
    return answer
  }

  /** The body of a good answer, parsed. @throws Failure with the reason when the service refuses */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.send(method, path, body)
    if (answer.status >= 300) throw new Failure(`${method} ${path} was refused: ${reasonOf(answer)}`)
    try {
      return JSON.parse(answer.body)
    } catch {
      throw new Failure(`What answers at ${this.#base} is no Pinwheel service: ${method} ${path} gave no JSON`)
    }
  }

  /** Retries, for as long as for requests, whatever throws `TryAgain`. */
  async persist<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const seconds = Math.round(this.#patience.limitMs / 1_000)
    try {
      const result = await persist(attempt, this.#patience, reason => {
        if (!this.#isAway) this.#say(`${reason}; trying again for up to ${seconds} s`)
        this.#isAway = true
      })
      if (this.#isAway) this.#say('The service is back')
      this.#isAway = false
      return result
    } catch (error) {
      throw failureOf(error, `that lasted ${seconds} s; run the same command again to continue`)
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  /** The fault of the key, and the options that fix it. */
  #keyAsked(answer: Answer): string {
    const way = 'with --key KEY, or in the environment as PINWHEEL_KEY'
    if (this.#headers.Authorization === undefined) return `The service at ${this.#base} asks for a key: give one ${way}`
    return `The service at ${this.#base} does not take the key: ${reasonOf(answer)}; give another one ${way}`
  }

  async #attempt(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.#exchange(method, path, body)
    if (!NOT_NOW.has(answer.status)) return answer
    throw new TryAgain(`The service at ${this.#base} cannot answer now: ${reasonOf(answer)}`)
  }

  /** @throws TryAgain when the connection is refused, cut, or silent */
  #exchange(method: string, path: string, body?: unknown): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body))
    const headers = {
      ...this.#headers,
      ...(bytes !== null && { 'Content-Type': 'application/json', 'Content-Length': bytes.length }),
    }
    const fail = (error: Error) => reject(new TryAgain(`No service answers at ${this.#base} (${nameOf(error)})`))
    const options = { method, headers, agent: this.#agent, timeout: ANSWER_TIMEOUT_MS }
    const request = this.#transport.request(`${this.#base}${path}`, options, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', fail)
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
      })
    })
    request.once('timeout', () => request.destroy(new Error(`within ${ANSWER_TIMEOUT_MS / 1_000} s`)))
    request.on('error', fail)
    request.end(bytes)
    return promise
  }
}

/** The problem details with every fault; else the status. */
export function reasonOf({ status, body }: Answer): string {
  try {
    const { detail, errors = [] } = JSON.parse(body) as {
      detail?: string
      errors?: { path: string; message: string }[]
    }
    if (detail === undefined) return `status ${status}`
    const faults = errors.filter(({ message }) => !detail.includes(message))
    return [detail, ...faults.map(({ path, message }) => `${path} ${message}`)].join('; ')
  } catch {
    return `status ${status}`
  }
}

function failureOf(error: unknown, advice: string): unknown {
  return error instanceof TryAgain ? new Failure(`${error.message}; ${advice}`) : error
}

function nameOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}
