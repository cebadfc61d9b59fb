// A real PostgreSQL for a test file, and databases on it: the server that all files of a run share,
// or one of its own, which may be killed. In a folder in memory.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { inject } from 'vitest'
import { EmbeddedPostgres } from '../../scripts/service/embedded-postgres.ts'
import { openStore } from '../../src/store/open.ts'
import { scratchFolder } from './scratch.ts'

export class PostgresServer {
  readonly #postgres: EmbeddedPostgres
  /** Null: somebody else ends the server. */
  readonly #folder: string | null
  readonly #databases: string[] = []

  /** The server of all test files; see shared-postgres.ts. */
  static async share(): Promise<PostgresServer> {
    const answer = await fetch(inject('postgresDoor'))
    if (!answer.ok) throw new Error(await answer.text())
    return new PostgresServer(EmbeddedPostgres.at(await answer.text()), null)
  }

  /** One of its own. */
  static async start(): Promise<PostgresServer> {
    const folder = scratchFolder()
    const server = new PostgresServer(EmbeddedPostgres.create(join(folder, 'server')), folder)
    await server.run()
    // New databases are copies of this one, and so need no migration.
    await (await openStore(server.urlOf('template1'))).close()
    return server
  }

  private constructor(postgres: EmbeddedPostgres, folder: string | null) {
    this.#postgres = postgres
    this.#folder = folder
  }

  /** Where it is, for `EmbeddedPostgres.at`. */
  get folder(): string {
    return this.#postgres.folder
  }

  urlOf(database: string): string {
    return this.#postgres.urlOf(database)
  }

  /**
   * A new database, its name: one that was migrated and not used, unless it is to be made
   * otherwise.
   */
  async createDatabase(otherwise = 'STRATEGY FILE_COPY'): Promise<string> {
    const name = `test_${randomUUID().replaceAll('-', '')}`
    this.#databases.push(name)
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

  /** Ends it, or drops the databases that were made here. */
  async destroy(): Promise<void> {
    if (this.#folder === null) {
      for (const name of this.#databases) await this.query('postgres', `DROP DATABASE ${name} WITH (FORCE)`)
      return
    }
    await this.#postgres.stop()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}
