// One request at a time a connection. Node parses all that has arrived on a connection at once, and
// asks for an answer to each; thousands of requests that were sent ahead (pipelined) would then be
// answered into memory, whether their sender reads or not. Here a request begins when the answer
// before it was written, and until then nothing more is read from its connection. Node parses what
// it has read to its end, also on a connection that is destroyed: 64 KB hold 3,600 requests, and
// hundreds of connections that send as much take gigabytes. So parsing is stopped too.
import { IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * So many requests wait for an answer before theirs, on all connections together; each takes some 5
 * KB.
 */
export const MAX_WAITING = 10_000

/** So many of them on one connection. */
export const MAX_WAITING_OF_CONNECTION = 100

/** What waits on a connection that has brought a request ahead of its turn. */
interface Line {
  waiting: number
  isCut: boolean
}

/**
 * Node stops parsing where a request is upgraded to another protocol, and closes the connection
 * when nobody listens for that: so it is told of the request that is one too many.
 */
class PipelinedRequest extends IncomingMessage {
  isOneTooMany = false
  declare asksForUpgrade: boolean

  /** Node sets it: true for a CONNECT, or a head that asks for another protocol. */
  set upgrade(asksForUpgrade: boolean) {
    this.asksForUpgrade = asksForUpgrade
  }

  get upgrade(): boolean {
    return this.asksForUpgrade || this.isOneTooMany
  }
}

export class Turns {
  readonly #lines = new WeakMap<Socket, Line>()
  readonly #most: number
  #waiting = 0

  /** `most` requests wait; a connection that brings more is cut off. */
  constructor(most = MAX_WAITING) {
    this.#most = most
  }

  /** For the server whose requests these are. */
  get serverOptions(): Pick<ServerOptions<typeof PipelinedRequest>, 'IncomingMessage' | 'shouldUpgradeCallback'> {
    const isFull = (socket: Socket) => this.#isFull(socket)
    class Request extends PipelinedRequest {
      override isOneTooMany = isFull(this.socket)
    }
    return { IncomingMessage: Request, shouldUpgradeCallback: ({ isOneTooMany }) => isOneTooMany }
  }

  get waiting(): number {
    return this.#waiting
  }

  /**
   * Calls `answer` when the answers before this one are written; never when the connection closes
   * first.
   */
  inTurn(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
    // An answer is given the connection when its turn has come.
    if (response.socket !== null) {
      answer()
      return
    }
    const { socket } = request
    if (socket.destroyed) return
    const line = this.#lines.get(socket) ?? this.#newLine(socket)
    if (this.#waiting >= this.#most) {
      line.isCut = true
      socket.destroy()
      return
    }
    line.waiting += 1
    this.#waiting += 1
    socket.pause()
    response.once('socket', () => {
      line.waiting -= 1
      this.#waiting -= 1
      if (line.waiting === 0) socket.resume()
      // In a turn of its own: a hundred answers in a row would hold up all other connections.
      setImmediate(() => socket.destroyed || answer())
    })
  }

  #isFull(socket: Socket): boolean {
    const line = this.#lines.get(socket)
    return line !== undefined && (line.isCut || line.waiting >= MAX_WAITING_OF_CONNECTION)
  }

  #newLine(socket: Socket): Line {
    const line: Line = { waiting: 0, isCut: false }
    this.#lines.set(socket, line)
    // Node resumes a connection to read a body; the bodies of those that wait are read when their
    // turn has come.
    socket.on('resume', () => line.waiting > 0 && socket.pause())
    socket.once('close', () => {
      this.#waiting -= line.waiting
      line.waiting = 0
    })
    return line
  }
}
