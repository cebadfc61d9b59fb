// One keep-alive connection with one request under way at the most. All of them read into the same
// buffer, since each chunk is done with before the next one comes.
import { connect, type Socket } from 'node:net'
import { type Answer, AnswerParser } from './answer-parser.ts'

const SHARED = Buffer.allocUnsafe(256 * 1024)

export interface Listener {
  onAnswer(answer: Answer): void
  /**
   * Refused, reset, closed, or answered with nonsense. The code of the system's error, `closed`, or
   * what is wrong.
   */
  onEnd(code: string): void
}

export class LoadConnection {
  readonly #socket: Socket
  readonly #parser = new AnswerParser()

  constructor(port: number, listener: Listener, onConnect: () => void) {
    const callback = (size: number): boolean => {
      try {
        const answer = this.#parser.feed(SHARED.subarray(0, size))
        if (answer !== null) listener.onAnswer(answer)
      } catch (error) {
        this.#socket.destroy(error as Error)
      }
      return true
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: SHARED, callback } }, onConnect)
    let code = 'closed'
    this.#socket.once('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message
    })
    this.#socket.once('close', () => listener.onEnd(code))
  }

  /** The bytes are not touched again before the answer is there. */
  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroy()
  }
}
