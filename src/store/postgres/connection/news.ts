// Tells the other processes on a database at once that an experiment was created, changed or frozen
// anew, or that keys were, and hears the same from them. An engine without LISTEN and NOTIFY does
// without: everybody looks for changes a few times a second anyway.
import { randomUUID } from 'node:crypto'
import { Client, type ClientConfig, DatabaseError } from 'pg'
import type { CommandName } from '../../commands.ts'
import { statement } from '../../scripts/script.ts'
import type { Connection } from './connection.ts'
import { endClient } from './session.ts'

/** What others want to know of, where it has done something. */
export const NEWSWORTHY: ReadonlySet<CommandName> = new Set([
  'createExperiment',
  'changeExperiment',
  'takeSnapshot',
  'keepKeys',
])

const RECONNECT_MS = 1_000

const NOTIFY = statement(`SELECT pg_notify('pinwheel', $1)`)
const LISTEN = 'LISTEN pinwheel'

export class News {
  /** By this a store knows its own news. */
  readonly #self = randomUUID()
  readonly #config: ClientConfig
  readonly #onNews: () => void
  #client: Client | null = null
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Listens over a connection of its own, once `listen` is called. */
  constructor(config: ClientConfig, onNews: () => void) {
    this.#config = { ...config, pipeline: false }
    this.#onNews = onNews
  }

  /**
   * After a commit and by itself: where it cannot be said nothing else fails of it. Nobody waits
   * for it.
   */
  tell(connection: Connection): void {
    connection.ask(NOTIFY, [this.#self]).catch(() => {})
  }

  async listen(): Promise<void> {
    const client = new Client(this.#config)
    this.#client = client
    client.on('error', () => {})
    client.once('end', () => this.#again(client))
    client.on('notification', ({ payload }) => {
      if (payload !== this.#self) this.#onNews()
    })
    try {
      await client.connect()
      await client.query(LISTEN)
    } catch (error) {
      // A server that answers that it cannot will not be asked again, not even when this connection
      // ends.
      if (error instanceof DatabaseError && /^(0A|42)/.test(error.code ?? '')) this.#client = null
      else this.#again(client)
      endClient(client)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = null
    if (client !== null) await endClient(client)
  }

  /** What was told meanwhile was not heard, so there may be news. */
  #again(client: Client): void {
    if (this.#client !== client || this.#isClosed) return
    this.#client = null
    this.#timer = setTimeout(async () => {
      await this.listen()
      this.#onNews()
    }, RECONNECT_MS).unref()
  }
}
