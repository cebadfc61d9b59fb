// Keep-alive connections to one process of the service. An answer is whole or it is none: what was
// cut off tells nothing.
import { Agent, request as httpRequest } from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Message {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly type?: 'application/json' | 'application/x-ndjson'
  readonly body?: string
}

/** Whatever messages go over: one connection, or many. */
export interface Line {
  /** Null: there was no whole answer, so nobody knows whether the message was heard. */
  send(message: Message): Promise<Answer | null>
}

const ANSWER_TIMEOUT_MS = 30_000

export class Connection implements Line {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string) {
    this.#url = url
  }

  send({ method, path, type = 'application/json', body }: Message): Promise<Answer | null> {
    return new Promise(resolve => {
      const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }
      const options = { method, headers, agent: this.#agent, timeout: ANSWER_TIMEOUT_MS }
      const request = httpRequest(this.#url + path, options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', () => resolve(null))
        response.on('close', () => {
          const body = Buffer.concat(chunks).toString('utf8')
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
