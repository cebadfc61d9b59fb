// One keep-alive connection with one request under way at the most. All of them read into the same
// buffer, since each chunk is done with before the next one comes; mostly an answer is one chunk,
// and nothing of it is copied.
import { connect, type Socket } from 'node:net'
import { parseAnswer, type RawAnswer } from '../../http/raw-answer.ts'

const SHARED = Buffer.allocUnsafe(256 * 1024)
const NOTHING = Buffer.alloc(0)

export interface Listener {
  onAnswer(answer: RawAnswer): void
  /**
   * Refused, reset, closed, or answered with nonsense. The code of the system's error, `closed`, or
   * what is wrong.
   */
  onEnd(code: string): void
}

export class LoadConnection {
  readonly #socket: Socket
  readonly #listener: Listener
  /** Of an answer that is not whole yet. */
  #held: Buffer = NOTHING

  constructor(port: number, listener: Listener, onConnect: () => void) {
    this.#listener = listener
    const callback = (size: number): boolean => {
      try {
        this.#read(SHARED.subarray(0, size))
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

  #read(chunk: Buffer): void {
    const bytes = this.#held === NOTHING ? chunk : Buffer.concat([this.#held, chunk])
    const answer = parseAnswer(bytes)
    if (!answer?.isWhole) {
      this.#held = bytes === chunk ? Buffer.from(chunk) : bytes
      return
    }
    if (bytes.length > answer.size) throw new Error('An answer is longer than it says')
    this.#held = NOTHING
    this.#listener.onAnswer(answer)
  }
}
