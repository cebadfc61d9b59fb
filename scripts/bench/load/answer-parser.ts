// Reads the answers of one connection that has one request under way: as much of HTTP/1.1 as a load
// generator needs, so that it is never slower than the server. Mostly an answer is one chunk, and
// nothing of it is copied.
import { Failure } from '../../../src/cli/terminal/failure.ts'

export interface Answer {
  readonly status: number
  /** Lies in the connection's own buffer: to be read at once. */
  readonly body: Buffer
  /** The server closes the connection after this answer. */
  readonly isLast: boolean
}

const HEAD_END = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)

export class AnswerParser {
  #held: Buffer = NOTHING
  #size = 0
  #needed = 0

  /**
   * The answer that this chunk completes, or null while some of it is missing. @throws Failure for
   * what is no answer
   */
  feed(chunk: Buffer): Answer | null {
    if (this.#size === 0) {
      const answer = this.#parse(chunk)
      if (answer === null) this.#hold(chunk)
      return answer
    }
    this.#hold(chunk)
    if (this.#size < this.#needed) return null
    const answer = this.#parse(this.#held.subarray(0, this.#size))
    if (answer !== null) this.#size = 0
    return answer
  }

  #hold(chunk: Buffer): void {
    const size = this.#size + chunk.length
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, this.#needed, 2 * this.#held.length))
      this.#held.copy(larger, 0, 0, this.#size)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#size)
    this.#size = size
  }

  #parse(bytes: Buffer): Answer | null {
    const headEnd = bytes.indexOf(HEAD_END)
    if (headEnd === -1) return null
    const head = bytes.toString('latin1', 0, headEnd)
    const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]
    if (status === undefined) throw new Failure(`This is no answer of HTTP/1.1: ${JSON.stringify(head.slice(0, 80))}`)
    const rest = bytes.subarray(headEnd + HEAD_END.length)
    const body = this.#bodyIn(head, rest, headEnd + HEAD_END.length)
    return body && { status: Number(status), body, isLast: /\r\nconnection: *close/i.test(head) }
  }

  #bodyIn(head: string, rest: Buffer, start: number): Buffer | null {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      if (/\r\ntransfer-encoding: *chunked/i.test(head)) return joinChunks(rest)
      throw new Failure('An answer has neither Content-Length nor chunks')
    }
    this.#needed = start + Number(length)
    if (rest.length > Number(length)) throw new Failure('An answer is longer than it says')
    return rest.length === Number(length) ? rest : null
  }
}

/** Null while the last chunk is missing. */
function joinChunks(bytes: Buffer): Buffer | null {
  const chunks: Buffer[] = []
  let from = 0
  while (true) {
    const lineEnd = bytes.indexOf('\r\n', from)
    if (lineEnd === -1) return null
    const size = Number.parseInt(bytes.toString('latin1', from, lineEnd), 16)
    if (Number.isNaN(size)) throw new Failure('A chunk of an answer does not begin with its size')
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return null
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(lineEnd + 2, end))
    from = end + 2
  }
}
