// How much is under way at once. Beyond it a request is refused at once, before its body is read:
// one that waited would only make all the others wait longer.
import type { IncomingMessage } from 'node:http'
import { BanditError } from '../../bandit/errors.ts'
import { mostUnpacked } from './inflate.ts'

/**
 * So many requests wait for the store, or for the rest of their bodies. At 5,000 a second the last
 * of them waits 100 ms.
 */
const MAX_REQUESTS = 500

/** So much memory may their bodies take. */
const MAX_BYTES = 256 * 1024 * 1024

const OVERLOADED = new BanditError('overloaded', 'Too many requests are under way; try again shortly')

export class Admission {
  #requests = 0
  #bytes = 0

  /**
   * Runs the answer to a request whose body has at most `limit` bytes.
   *
   * @throws BanditError `overloaded`
   */
  async admit(request: IncomingMessage, limit: number, answer: () => Promise<void>): Promise<void> {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers
    const sent = Math.min(limit, Number(length ?? limit))
    const bytes = encoding === undefined ? sent : mostUnpacked(sent, limit)
    if (this.#requests >= MAX_REQUESTS || this.#bytes + bytes > MAX_BYTES) {
      throw OVERLOADED
    }
    this.#requests += 1
    this.#bytes += bytes
    try {
      await answer()
    } finally {
      this.#requests -= 1
      this.#bytes -= bytes
    }
  }
}
