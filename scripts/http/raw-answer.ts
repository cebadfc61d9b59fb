// Reads answers of HTTP/1.1 from the bytes of a connection: for senders that make their requests by
// hand, since what they send no client would, or since they must never be slower than the server.

export class RawAnswer {
  readonly status: number
  /** Lies in the bytes that were read. */
  readonly body: Buffer
  /** False: more of the body is to come. */
  readonly isWhole: boolean
  /** Bytes up to its end, as far as it is there. */
  readonly size: number
  readonly #head: string

  constructor(head: string, status: number, { body, size, isWhole }: Body, from: number) {
    this.#head = head
    this.status = status
    this.body = body
    this.isWhole = isWhole
    this.size = from + size
  }

  /** The value of the first field of that name; null: there is none. */
  field(name: string): string | null {
    return fieldIn(this.#head, name)
  }

  /** The connection is closed after this answer. */
  get isLast(): boolean {
    return this.field('connection')?.toLowerCase() === 'close'
  }
}

interface Body {
  readonly body: Buffer
  readonly size: number
  readonly isWhole: boolean
}

interface Expected {
  /** The answer has no body whatever its head says. */
  readonly isHead?: boolean
  /** Nothing more comes. */
  readonly isOver?: boolean
}

const HEAD_END = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)

/**
 * The first answer in the bytes, past those that only say "go on"; null while its head is not
 * whole. @throws Error for what is no answer
 */
export function parseAnswer(bytes: Buffer, expected: Expected = {}, start = 0): RawAnswer | null {
  const headEnd = bytes.indexOf(HEAD_END, start)
  if (headEnd === -1) return null
  const head = bytes.toString('latin1', start, headEnd)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
  if (Number.isNaN(status)) throw new Error(`This is no answer of HTTP/1.1: ${JSON.stringify(head.slice(0, 80))}`)
  const from = headEnd + HEAD_END.length
  if (status < 200) return parseAnswer(bytes, expected, from)
  return new RawAnswer(head, status, bodyOf(bytes.subarray(from), head, status, expected), from)
}

function bodyOf(rest: Buffer, head: string, status: number, { isHead = false, isOver = false }: Expected): Body {
  if (isHead || status === 204 || status === 304) return { body: NOTHING, size: 0, isWhole: true }
  const length = fieldIn(head, 'content-length')
  if (length !== null) {
    const size = Number(length)
    return { body: rest.subarray(0, size), size, isWhole: rest.length >= size }
  }
  if (fieldIn(head, 'transfer-encoding') === 'chunked') return joinChunks(rest)
  return { body: rest, size: rest.length, isWhole: isOver }
}

function joinChunks(rest: Buffer): Body {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) break
    const line = rest.toString('latin1', at, lineEnd)
    const size = Number.parseInt(line, 16)
    if (Number.isNaN(size)) throw new Error(`A chunk does not begin with its size: ${line.slice(0, 80)}`)
    const from = lineEnd + 2
    parts.push(rest.subarray(from, from + size))
    at = from + size + 2
    if (rest.length < at) break
    if (size === 0) return { body: Buffer.concat(parts), size: at, isWhole: true }
  }
  return { body: Buffer.concat(parts), size: rest.length, isWhole: false }
}

const FIELDS = new Map<string, RegExp>()

function fieldIn(head: string, name: string): string | null {
  const known = FIELDS.get(name) ?? new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i')
  FIELDS.set(name, known)
  return known.exec(head)?.[1] ?? null
}
