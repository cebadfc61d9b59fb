// HTTP by hand: bytes out, one answer in, over a connection that stays open. fetch and node:http
// would refuse to send most of what is sent here.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAnswer, type RawAnswer } from './raw-answer.ts'

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: RawAnswer; readonly ms: number }
  | { readonly kind: 'closed'; readonly ms: number }
  | { readonly kind: 'silent'; readonly ms: number }

export interface Sending {
  /** One after the other, with a pause between two. */
  readonly pieces: readonly Uint8Array[]
  /** The answer has no body whatever its head says. */
  readonly isHead: boolean
  /** The request may not end where its head says: nothing more goes through this connection. */
  readonly isLoose: boolean
  /** Goes away once the answer has been under way for so long; null: stays to the end. */
  readonly patienceMs: number | null
}

/** An answer has to have come by then. */
const SILENCE_MS = 5_000

/**
 * Who waits for more than is sent hears by then that nothing more comes; the answer to what was
 * whole is there before.
 */
const LOOSE_END_MS = 50

/** Long enough for a piece to arrive alone. */
const PAUSE_MS = 2

/** One connection after another to the same place, used as long as it may be. */
export class Line {
  readonly #host: string
  readonly #port: number
  #connection: Connection | null = null

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
  }

  async send(sending: Sending): Promise<Outcome> {
    if (sending.isLoose) return this.#sendAlone(sending)
    const kept = this.#connection
    const connection = kept?.isUsable ? kept : await Connection.open(this.#host, this.#port)
    const outcome = await connection.send(sending)
    this.#connection = connection
    // What was kept open may have been closed by the other side at the same moment; that is no
    // answer to anything.
    if (outcome.kind === 'closed' && connection === kept && kept.isBare) return this.send(sending)
    return outcome
  }

  /**
   * Sends them all in one piece over one connection before any answer is read, and reads the
   * answers in their order. Once an answer ends the connection, no more are owed: there may be
   * fewer outcomes.
   */
  async sendPipelined(sendings: readonly Sending[]): Promise<Outcome[]> {
    const connection = await Connection.open(this.#host, this.#port)
    const outcomes: Outcome[] = []
    await connection.write([Buffer.concat(sendings.flatMap(({ pieces }) => pieces))])
    for (const sending of sendings) {
      const outcome = await connection.receive(sending)
      outcomes.push(outcome)
      if (outcome.kind !== 'answer' || outcome.answer.isLast) break
    }
    connection.close()
    return outcomes
  }

  close(): void {
    this.#connection?.close()
  }

  async #sendAlone(sending: Sending): Promise<Outcome> {
    const connection = await Connection.open(this.#host, this.#port)
    const outcome = await connection.send(sending)
    connection.close()
    return outcome
  }
}

class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #isOver = false
  #wake = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.#isOver = true
        this.#wake()
      })
    }
  }

  static async open(host: string, port: number): Promise<Connection> {
    const socket = connect({ host, port, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  get isUsable(): boolean {
    return !this.#isOver && this.#received.length === 0
  }

  /** Nothing has come since the last whole answer. */
  get isBare(): boolean {
    return this.#received.length === 0
  }

  async send(sending: Sending): Promise<Outcome> {
    const writing = this.write(sending.pieces)
    const outcome = await this.receive(sending)
    await writing
    return outcome
  }

  /** Resolves when all is on its way, or nobody listens any more. */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    for (const [position, piece] of pieces.entries()) {
      if (position > 0) await sleep(PAUSE_MS)
      if (this.#isOver) return
      this.#socket.write(piece)
    }
  }

  /** The next answer. */
  async receive({ isHead, isLoose, patienceMs }: Sending): Promise<Outcome> {
    const startedAt = performance.now()
    let isEnded = !isLoose
    while (true) {
      // Read once a turn: a deadline that passes between two looks would be taken for silence.
      const ms = performance.now() - startedAt
      const answer = parseAnswer(this.#received, { isHead, isOver: this.#isOver })
      if (answer !== null && (answer.isWhole || (patienceMs !== null && ms >= patienceMs))) {
        this.#received = this.#received.subarray(answer.size)
        if (!answer.isWhole || answer.isLast) this.close()
        return { kind: 'answer', answer, ms }
      }
      if (this.#isOver) return { kind: 'closed', ms }
      if (!isEnded && ms >= LOOSE_END_MS) {
        this.#socket.end()
        isEnded = true
      }
      const patience = answer !== null && patienceMs !== null ? patienceMs : SILENCE_MS
      if (ms >= patience) {
        this.close()
        return { kind: 'silent', ms }
      }
      await this.#more((isEnded ? patience : Math.min(patience, LOOSE_END_MS)) - ms)
    }
  }

  close(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  #more(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
