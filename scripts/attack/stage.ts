// What an attack works with: the service's address, its keys, and ways to send that count what was
// sent.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Scope } from '../../src/access/key.ts'

/** A key with each scope, and one that a page would hold; null: the service is open. */
export type Keys = Readonly<Record<Scope | 'pk', string | null>>

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly key?: keyof Keys
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

/** An answer is not waited for longer. */
const ANSWER_MS = 30_000

export class Stage {
  readonly url: string
  readonly #keys: Keys
  readonly #agent = new Agent({ keepAlive: false })
  readonly #sockets = new Set<Socket>()
  messages = 0
  bytes = 0
  statuses: Record<string, number> = {}

  constructor(url: string, keys: Keys) {
    this.url = url
    this.#keys = keys
  }

  /** The header that shows a key, as a line of a head; empty for an open service. */
  keyLine(key: keyof Keys): string {
    const secret = this.#keys[key]
    return secret === null ? '' : `Authorization: Bearer ${secret}\r\n`
  }

  /** One request; resolves to its answer's status and size, null when none came. */
  send({ method = 'POST', path, key, headers = {}, body }: Sent): Promise<{ status: number; bytes: number } | null> {
    const secret = key === undefined ? null : this.#keys[key]
    const all = {
      ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      ...(secret !== null && { Authorization: `Bearer ${secret}` }),
      ...headers,
    }
    this.#count(path.length + JSON.stringify(all).length + (body === undefined ? 0 : Buffer.byteLength(body)))
    return new Promise(resolve => {
      const finish = (answer: { status: number; bytes: number } | null) => {
        const name = answer === null ? 'cut' : String(answer.status)
        this.statuses[name] = (this.statuses[name] ?? 0) + 1
        resolve(answer)
      }
      const options = { method, headers: all, agent: this.#agent, timeout: ANSWER_MS, maxHeaderSize: 1 << 20 }
      const request = httpRequest(this.url + path, options, (response: IncomingMessage) => {
        let bytes = 0
        response.on('data', (chunk: Buffer) => (bytes += chunk.length))
        response.on('error', () => {})
        response.once('close', () => finish(response.complete ? { status: response.statusCode ?? 0, bytes } : null))
      })
      request.on('timeout', () => request.destroy())
      request.on('error', () => finish(null))
      request.end(body)
    })
  }

  /** The same request so many times at once. */
  async sendAtOnce(count: number, sent: Sent | ((place: number) => Sent)): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, place) => this.send(typeof sent === 'function' ? sent(place) : sent)),
    )
  }

  /**
   * Bytes over a connection of their own, which is one message; what comes back is read only where
   * `reads`.
   */
  async open(bytes: string | Uint8Array, { reads = false } = {}): Promise<Socket> {
    const { hostname, port } = new URL(this.url)
    const socket = connect({ host: hostname, port: Number(port) })
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
    if (reads) socket.resume()
    await new Promise<void>(resolve => socket.once('connect', resolve).once('close', () => resolve()))
    this.#count(Buffer.byteLength(bytes))
    await new Promise<void>(resolve => {
      // What the service does not read never leaves.
      const timer = setTimeout(resolve, 2_000)
      socket.write(bytes, () => {
        clearTimeout(timer)
        resolve()
      })
    })
    return socket
  }

  /** Ends all connections that are still open. */
  leave(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#agent.destroy()
  }

  #count(bytes: number): void {
    this.messages += 1
    this.bytes += bytes
  }
}
