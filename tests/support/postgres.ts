// A real PostgreSQL for a test file: a server of its own, in a folder in memory, that ends with the
// file; and databases on it.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { EmbeddedPostgres } from '../../scripts/service/embedded-postgres.ts'
import { openStore } from '../../src/store/open.ts'
import { scratchFolder } from './scratch.ts'

export class PostgresServer {
  readonly #folder: string
  readonly #postgres: EmbeddedPostgres
  #databases = 0

  static async start(): Promise<PostgresServer> {
    const folder = scratchFolder()
    const server = new PostgresServer(folder, EmbeddedPostgres.create(join(folder, 'server')))
    await server.run()
    // New databases are copies of this one, and so need no migration.
    await (await openStore(server.urlOf('template1'))).close()
    return server
  }

  private constructor(folder: string, postgres: EmbeddedPostgres) {
    this.#folder = folder
    this.#postgres = postgres
  }

  urlOf(database: string): string {
    return this.#postgres.urlOf(database)
  }

  /**
   * A new database, its name: one that was migrated and not used, unless it is to be made
   * otherwise.
   */
  async createDatabase(otherwise = 'STRATEGY FILE_COPY'): Promise<string> {
    this.#databases += 1
    const name = `test_${this.#databases}`
    await this.query('postgres', `CREATE DATABASE ${name} ${otherwise}`)
    return name
  }

  /** Says something over a connection of its own. */
  query<Row>(database: string, sql: string): Promise<Row[]> {
    return this.#postgres.query(database, sql)
  }

  /** For anyone who wants to get in the way. */
  connect(database: string): Promise<Client> {
    return this.#postgres.connect(database)
  }

  /** Starts the server, on what is there from before. */
  run(): Promise<void> {
    return this.#postgres.start()
  }

  /** SIGKILL, in the midst of everything. */
  kill(): Promise<void> {
    return this.#postgres.kill()
  }

  /** Makes it silent, without a word to anybody; answers how to wake it. */
  async freeze(): Promise<() => void> {
    const backends = await this.query<{ pid: number }>(
      'postgres',
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'pinwheel'",
    )
    const pids = [this.#postgres.pid, ...backends.map(({ pid }) => pid)].filter(pid => pid !== undefined)
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    return () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    }
  }

  async destroy(): Promise<void> {
    await this.#postgres.stop()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}
