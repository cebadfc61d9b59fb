// Tells open pages that what they show has changed: server-sent events, each with the revision that
// there is now. A page then fetches itself anew. At most one event a second, none while nothing
// changes, and none to a client that has not read the last one.
import type { ServerResponse } from 'node:http'
import { type Catalogue, revisionOf } from '../../bandit/catalogue.ts'
import { BanditError } from '../../bandit/errors.ts'

const TICK_MS = 1_000
/** A comment now and then keeps proxies from closing a quiet stream, and finds out who is gone. */
const QUIET_TICKS = 15
/** Ticks for which a client may leave an event unread. */
const PATIENCE = 30
const MOST_VIEWERS = 1_000

interface Viewer {
  readonly response: ServerResponse
  /** An experiment; null: all of them. */
  readonly key: string | null
  /** The revision that it was told last. */
  told: number
  quiet: number
  unread: number
}

export class LivePages {
  readonly #catalogue: Catalogue
  readonly #viewers = new Set<Viewer>()
  readonly #most: number
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  /** `most` pages are told at once. */
  constructor(catalogue: Catalogue, most = MOST_VIEWERS) {
    this.#catalogue = catalogue
    this.#most = most
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Of an experiment, or of all of them (null). It never falls while the process lives. */
  revision(key: string | null): number {
    if (key !== null) return revisionOf(this.#catalogue.get(key))
    return this.#catalogue.all().reduce((sum, live) => sum + revisionOf(live), 0)
  }

  /**
   * Answers with a stream of events, the first at once.
   *
   * @throws BanditError `overloaded`
   */
  watch(key: string | null, response: ServerResponse): void {
    if (this.#viewers.size >= this.#most || this.#isClosed) {
      throw new BanditError('overloaded', `At most ${this.#most} pages can be live at once; this one is not`)
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    const viewer: Viewer = { response, key, told: Number.NaN, quiet: 0, unread: 0 }
    this.#viewers.add(viewer)
    response.once('close', () => this.#leave(viewer))
    this.#tell(viewer, this.revision(key))
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
  }

  /** Ends every stream, and takes no more. */
  close(): void {
    this.#isClosed = true
    for (const { response } of this.#viewers) response.end()
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    const revisions = new Map<string | null, number>()
    for (const viewer of this.#viewers) {
      const revision = revisions.get(viewer.key) ?? this.revision(viewer.key)
      revisions.set(viewer.key, revision)
      this.#tell(viewer, revision)
    }
  }

  #tell(viewer: Viewer, revision: number): void {
    const { response } = viewer
    if (response.writableLength > 0) {
      if (++viewer.unread > PATIENCE) response.destroy()
      return
    }
    viewer.unread = 0
    if (revision !== viewer.told) {
      response.write(`event: changed\ndata: ${revision}\n\n`)
      viewer.told = revision
      viewer.quiet = 0
    } else if (++viewer.quiet >= QUIET_TICKS) {
      response.write(':\n\n')
      viewer.quiet = 0
    }
  }
}
