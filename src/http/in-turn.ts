// One request at a time a connection. Node parses all that has arrived on a connection at once, and
// asks for an answer to each; thousands of requests that were sent ahead (pipelined) would then be
// answered into memory, whether their sender reads or not. Here a request begins when the answer
// before it was written, and until then nothing more is read from its connection.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * So many requests wait for an answer before theirs, on all connections together; each takes some 5
 * KB.
 */
export const MAX_WAITING = 10_000

/** What waits on a connection that has brought a request ahead of its turn. */
interface Line {
  waiting: number
}

export class Turns {
  readonly #lines = new WeakMap<Socket, Line>()
  readonly #most: number
  #waiting = 0

  /** `most` requests wait; a connection that brings more is cut off. */
  constructor(most = MAX_WAITING) {
    this.#most = most
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
    if (this.#waiting >= this.#most) {
      socket.destroy()
      return
    }
    const line = this.#lines.get(socket) ?? this.#newLine(socket)
    line.waiting += 1
    this.#waiting += 1
    socket.pause()
    response.once('socket', () => {
      line.waiting -= 1
      this.#waiting -= 1
      if (line.waiting === 0) socket.resume()
      answer()
    })
  }

  #newLine(socket: Socket): Line {
    const line: Line = { waiting: 0 }
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
