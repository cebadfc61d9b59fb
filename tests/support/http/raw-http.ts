// HTTP by hand over a socket, where fetch is too polite: bodies that are cut off, late, too long or
// not what their head says.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The head of a request, with the blank line behind it. */
export function requestHead(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}) {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
}

export class RawConnection {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #isOver = false
  #wake = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.#isOver = true
        this.#wake()
      })
    }
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  /**
   * Resolves when it has left; a connection that the other side has closed takes no more, without
   * complaint.
   */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise(resolve => this.#socket.write(bytes, () => resolve()))
  }

  /** The next whole answer. @throws Error when the connection closes without one */
  async answer(): Promise<RawAnswer> {
    while (true) {
      const parsed = parse(this.#received, this.#isOver)
      if (parsed !== null) {
        this.#received = this.#received.subarray(parsed.size)
        return parsed.answer
      }
      if (this.#isOver) throw new Error(`The connection was closed after ${this.#received.length} bytes`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** Says that no more will be sent. */
  end(): void {
    this.#socket.end()
  }

  /** Goes away without a word. */
  async reset(): Promise<void> {
    if (this.#socket.destroyed) return
    this.#socket.resetAndDestroy()
    await once(this.#socket, 'close')
  }
}

/** The first answer in the bytes, if it is whole. One without a length ends with the connection. */
function parse(bytes: Buffer, isOver: boolean): { answer: RawAnswer; size: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const headers = new Headers(fields.map(field => splitField(field)))
  const length = headers.get('content-length')
  const from = headEnd + 4
  if (length === null && !isOver) return null
  const size = length === null ? bytes.length : from + Number(length)
  if (bytes.length < size) return null
  return {
    answer: { status: Number(statusLine.split(' ')[1]), headers, text: bytes.toString('utf8', from, size) },
    size,
  }
}

function splitField(field: string): [name: string, value: string] {
  const colon = field.indexOf(':')
  return [field.slice(0, colon), field.slice(colon + 1).trim()]
}
