// Ordinary requests to a service, by Node's own client. An answer is whole or it is none: what was
// cut off tells nothing.
import { Agent, request as httpRequest } from 'node:http'
import { Failure } from '../../src/cli/terminal/failure.ts'

export interface Message {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Whatever messages go over: one client, or many. */
export interface Sender {
  /** Null: there was no whole answer, so nobody knows whether the message was heard. */
  send(message: Message): Promise<Answer | null>
}

const ANSWER_TIMEOUT_MS = 30_000

/** Heads of answers may be longer than Node expects. */
const MOST_HEAD_BYTES = 1 << 20

export class HttpClient implements Sender {
  readonly #url: string
  readonly #agent: Agent

  /** `maxSockets`: connections at the same time. */
  constructor(url: string, { keepAlive = true, maxSockets = Number.POSITIVE_INFINITY } = {}) {
    this.#url = url
    this.#agent = new Agent({ keepAlive, maxSockets })
  }

  send({ method, path, headers = {}, body }: Message): Promise<Answer | null> {
    const ofBody =
      body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const options = {
      method,
      headers: { ...ofBody, ...headers },
      agent: this.#agent,
      timeout: ANSWER_TIMEOUT_MS,
      maxHeaderSize: MOST_HEAD_BYTES,
    }
    return new Promise(resolve => {
      const request = httpRequest(this.#url + path, options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', () => {})
        response.once('close', () => {
          const body = Buffer.concat(chunks).toString()
          resolve(response.complete ? { status: response.statusCode ?? 0, body } : null)
        })
      })
      request.on('timeout', () => request.destroy())
      request.on('error', () => resolve(null))
      request.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** The body of an answer that is no refusal; `body`: text, or what becomes JSON. @throws Failure */
export async function ask(sender: Sender, method: string, path: string, body?: unknown): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await sender.send({ method, path, ...(body !== undefined && { body: text }) })
  if (answer !== null && answer.status < 300) return answer.body
  const told = answer === null ? 'the connection was cut' : `${answer.status} ${answer.body.trim().slice(0, 300)}`
  throw new Failure(`${method} ${path} was not answered: ${told}`)
}
