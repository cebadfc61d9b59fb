// HTTP requests to a running service, across its restarts: where a connection is refused or cut, or
// the answer is temporary, as 503, a request is sent again for about a minute. Every request of a
// command may be repeated: the second one changes nothing.
import { Failure } from '../terminal/failure.ts'
import { type RetryLimits, retry, TryAgain } from './retry.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

interface ClientOptions {
  readonly url: URL
  /** A bearer key; null: the service is open. */
  readonly key: string | null
  /** Called once when the service becomes unavailable and once when it is back. */
  readonly onNotice: (text: string) => void
  readonly limits?: RetryLimits
}

/** Long enough to start a service again by hand. */
const A_MINUTE: RetryLimits = { limitMs: 60_000, firstWaitMs: 50, longestWaitMs: 2_000 }

const TEMPORARY = new Set([429, 502, 503, 504])
const ANSWER_TIMEOUT_MS = 10_000

export class Client {
  readonly #base: string
  readonly #key: string | null
  readonly #onNotice: (text: string) => void
  readonly #limits: RetryLimits
  #isAway = false

  constructor({ url, key, onNotice, limits = A_MINUTE }: ClientOptions) {
    this.#base = url.href.replace(/\/$/, '')
    this.#key = key
    this.#onNotice = onNotice
    this.#limits = limits
  }

  /** @throws Failure where no service answers, or it is not ready; this is not tried again. */
  async expectReady(): Promise<void> {
    const answer = await this.#exchange('GET', '/readyz').catch(error => {
      throw failureOf(error, 'start one with: npm start')
    })
    if (answer.status !== 200) throw new Failure(`What answers at ${this.#base} is not ready: ${reasonOf(answer)}`)
  }

  /**
   * The answer, of any status that is not temporary. @throws Failure when the service stays
   * unavailable, or refuses the key
   */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.retry(async () => {
      const answer = await this.#exchange(method, path, body)
      if (!TEMPORARY.has(answer.status)) return answer
      throw new TryAgain(`The service at ${this.#base} cannot answer now: ${reasonOf(answer)}`)
    })
    if (answer.status === 401) throw new Failure(this.#keyFault(answer))
    return answer
  }

  /** The body of a successful answer. @throws Failure with the reason when the service refuses */
  async text(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.send(method, path, body)
    if (answer.status >= 300) throw new Failure(`${method} ${path} was refused: ${reasonOf(answer)}`)
    return answer.body
  }

  /** The same, parsed. */
  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = await this.text(method, path, body)
    try {
      return JSON.parse(text)
    } catch {
      throw new Failure(`What answers at ${this.#base} is no Pinwheel service: ${method} ${path} gave no JSON`)
    }
  }

  /** Repeats an attempt that throws `TryAgain`, within the limits of a request. */
  async retry<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const seconds = Math.round(this.#limits.limitMs / 1_000)
    try {
      const result = await retry(attempt, this.#limits, reason => {
        if (!this.#isAway) this.#onNotice(`${reason}; trying again for up to ${seconds} s`)
        this.#isAway = true
      })
      if (this.#isAway) this.#onNotice('The service is back')
      this.#isAway = false
      return result
    } catch (error) {
      throw failureOf(error, `that lasted ${seconds} s; the same command again continues where this one stopped`)
    }
  }

  #keyFault(answer: Answer): string {
    const way = 'with --key KEY, or in the environment as PINWHEEL_KEY'
    if (this.#key === null) return `The service at ${this.#base} asks for a key: give one ${way}`
    return `The service at ${this.#base} does not take the key: ${reasonOf(answer)}; give another one ${way}`
  }

  /** @throws TryAgain when the connection is refused or cut, or there is no answer in time */
  async #exchange(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          ...(this.#key !== null && { Authorization: `Bearer ${this.#key}` }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      })
      return { status: response.status, body: await response.text() }
    } catch (error) {
      throw new TryAgain(`No service answers at ${this.#base} (${connectionFault(error as Error)})`)
    }
  }
}

/** The detail of problem details with every fault; without one, the status. */
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

/** The system's code, as ECONNREFUSED, where there is one. */
function connectionFault({ message, cause }: Error): string {
  const { code, message: reason } = (cause ?? { message }) as NodeJS.ErrnoException
  return code?.startsWith('E') ? code : reason
}
