// HTTP by hand: bytes out, one answer in, over a connection that stays open. fetch and node:http
// would refuse to send most of what is sent here.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WireAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** False where the asker left before the end. */
  readonly isWhole: boolean
}

/** What became of a request. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: WireAnswer; readonly ms: number }
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
export const SILENCE_MS = 5_000

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
      if (outcome.kind !== 'answer' || outcome.answer.headers.get('connection') === 'close') break
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
      const parsed = parseAnswer(this.#received, { isHead, isOver: this.#isOver })
      if (parsed !== null && (parsed.answer.isWhole || (patienceMs !== null && ms >= patienceMs))) {
        this.#received = this.#received.subarray(parsed.size)
        if (!parsed.answer.isWhole || parsed.answer.headers.get('connection') === 'close') this.close()
        return { kind: 'answer', answer: parsed.answer, ms }
      }
      if (this.#isOver) return { kind: 'closed', ms }
      if (!isEnded && ms >= LOOSE_END_MS) {
        this.#socket.end()
        isEnded = true
      }
      const patience = parsed !== null && patienceMs !== null ? patienceMs : SILENCE_MS
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

interface Parsed {
  readonly answer: WireAnswer
  readonly size: number
}

/**
 * The first answer in the bytes, past those that only say "go on"; null while its head is not
 * whole.
 */
function parseAnswer(bytes: Buffer, how: { isHead: boolean; isOver: boolean }): Parsed | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const from = headEnd + 4
  if (status < 200) {
    const next = parseAnswer(bytes.subarray(from), how)
    return next && { answer: next.answer, size: next.size + from }
  }
  const headers = new Headers(fields.map(splitField))
  const { body, size, isWhole } = bodyOf(bytes.subarray(from), headers, { ...how, status })
  return { answer: { status, headers, body, isWhole }, size: from + size }
}

function bodyOf(rest: Buffer, headers: Headers, how: { isHead: boolean; isOver: boolean; status: number }) {
  if (how.isHead || how.status === 204 || how.status === 304) return { body: Buffer.alloc(0), size: 0, isWhole: true }
  if (headers.get('transfer-encoding') === 'chunked') return unchunk(rest)
  const length = headers.get('content-length')
  const size = length === null ? rest.length : Number(length)
  return { body: rest.subarray(0, size), size, isWhole: length === null ? how.isOver : rest.length >= size }
}

function unchunk(rest: Buffer) {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) return { body: Buffer.concat(parts), size: rest.length, isWhole: false }
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error(`a chunk of no size: ${rest.toString('latin1', at, lineEnd).slice(0, 80)}`)
    const from = lineEnd + 2
    parts.push(rest.subarray(from, from + size))
    at = from + size + 2
    if (rest.length < at) return { body: Buffer.concat(parts), size: rest.length, isWhole: false }
    if (size === 0) return { body: Buffer.concat(parts), size: at, isWhole: true }
  }
}

function splitField(field: string): [name: string, value: string] {
  const colon = field.indexOf(':')
  return [field.slice(0, colon), field.slice(colon + 1).trim()]
}
