// What an attack works with: the service's address, its keys, and ways to send that count what was
// sent.
import { connect, type Socket } from 'node:net'
import type { Scope } from '../../src/access/key.ts'
import { type Answer, HttpClient, type Message } from '../http/client.ts'

/** A key with each scope, and one that a page would hold; null: the service is open. */
export type Keys = Readonly<Record<Scope | 'pk', string | null>>

/** A POST unless it is said. */
export interface Sent extends Omit<Message, 'method'> {
  readonly method?: string
  readonly key?: keyof Keys
}

export class Stage {
  readonly url: string
  readonly #keys: Keys
  readonly #client: HttpClient
  readonly #sockets = new Set<Socket>()
  messages = 0
  bytes = 0
  statuses: Record<string, number> = {}

  constructor(url: string, keys: Keys) {
    this.url = url
    this.#keys = keys
    this.#client = new HttpClient(url, { keepAlive: false })
  }

  /** The header that shows a key, as a line of a head; empty for an open service. */
  keyLine(key: keyof Keys): string {
    const secret = this.#keys[key]
    return secret === null ? '' : `Authorization: Bearer ${secret}\r\n`
  }

  /** One request; resolves to its answer, null when none came. */
  async send({ method = 'POST', path, key, headers = {}, body }: Sent): Promise<Answer | null> {
    const secret = key === undefined ? null : this.#keys[key]
    const all = { ...(secret !== null && { Authorization: `Bearer ${secret}` }), ...headers }
    this.#count(path.length + JSON.stringify(all).length + (body === undefined ? 0 : Buffer.byteLength(body)))
    const answer = await this.#client.send({ method, path, headers: all, ...(body !== undefined && { body }) })
    const name = answer === null ? 'cut' : String(answer.status)
    this.statuses[name] = (this.statuses[name] ?? 0) + 1
    return answer
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
    this.#client.close()
  }

  #count(bytes: number): void {
    this.messages += 1
    this.bytes += bytes
  }
}
