// The service as a child process on 127.0.0.1, at a port of its own. Ends no process but the one it
// started.
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { START_ARGUMENTS } from '../start-command.ts'

/**
 * Started a hundred times, it need not be compiled a hundred times: that is half the work of a
 * start.
 */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url))

/** More than any start should take; then it is ended. */
const START_LIMIT_MS = 20_000

export interface Launch {
  readonly databaseUrl: string
  /** Where it runs, away from the checkout, so that no .env file has a say. */
  readonly folder: string
  /**
   * A program with its arguments that starts the service under a limit, as `['prlimit',
   * '--fsize=1000000']`.
   */
  readonly under?: readonly string[]
  /** Variables beyond those that every start has. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Of a service on a file of SQLite's. */
export function onFile(databasePath: string): Pick<Launch, 'databaseUrl' | 'folder'> {
  return { databaseUrl: `sqlite:${databasePath}`, folder: dirname(databasePath) }
}

export class ServiceProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #greeted: Promise<string | null>
  #told = ''

  constructor({ databaseUrl, folder, under = [], environment = {} }: Launch) {
    const [program = process.execPath, ...parts] = [...under, process.execPath, ...START_ARGUMENTS]
    this.#child = spawn(program, parts, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        LOG_LEVEL: 'error',
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        DATABASE_URL: databaseUrl,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // A program that cannot be started at all is told as an error, and closes nothing.
    this.#child.once('error', error => {
      this.#told += `${error.message}\n`
    })
    this.#ended = new Promise(resolve => this.#child.once('close', () => resolve()).once('error', () => resolve()))
    this.#greeted = this.#greeting()
    this.#child.stderr?.on('data', chunk => {
      this.#told += chunk
    })
  }

  /** Where it listens, or null when it ended before it did. */
  async url(): Promise<string | null> {
    const hurry = setTimeout(() => this.kill(), START_LIMIT_MS)
    const url = await this.#greeted
    clearTimeout(hurry)
    return url
  }

  /** What it has said: its log, and why it did not start. */
  get told(): string {
    return this.#told
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM. Resolves to the exit code when it is gone; null when a signal ended it. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.exitCode()
  }

  /** Waits until it is gone. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  /** Its first line says where it listens; what it says after that is its log. */
  #greeting(): Promise<string | null> {
    return new Promise(resolve => {
      let said = ''
      this.#child.stdout?.on('data', chunk => {
        said += chunk
        const url = /http:\S+(?= and keeps)/.exec(said)?.[0]
        if (url !== undefined) resolve(url)
        this.#told += url === undefined || said.length > chunk.length ? chunk : ''
      })
      void this.#ended.then(() => resolve(null))
    })
  }
}
