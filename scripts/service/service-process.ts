// The service, or another server, as a child process on 127.0.0.1, at a port of its own. Ends no
// process but the one it started.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../src/cli/terminal/failure.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What `node` is given for the service, as `npm start` starts it: flags, the file, and the command.
 */
export const START_ARGUMENTS: readonly string[] = startArguments()

/**
 * Started a hundred times, it need not be compiled a hundred times: that is half the work of a
 * start.
 */
const COMPILE_CACHE = resolve(ROOT, 'node_modules/.cache/node')

/** For those who look at what it answers, not at what it takes. */
const QUIET = { LOG_LEVEL: 'error', NODE_COMPILE_CACHE: COMPILE_CACHE }

/** More than any start should take; then it is ended. */
const START_LIMIT_MS = 30_000

/** None outlives this process, however it ends. */
const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

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
  /** As `npm start` starts it: with its own log, and without help for its start. */
  readonly isPlain?: boolean
  /** What `node` is given; the service's start unless it is another program. */
  readonly program?: readonly string[]
  /** Messages may be sent to it. */
  readonly hasChannel?: boolean
}

/** Of a service on a file of SQLite's. */
export function onFile(databasePath: string): Pick<Launch, 'databaseUrl' | 'folder'> {
  return { databaseUrl: `sqlite:${databasePath}`, folder: dirname(databasePath) }
}

export class ServiceProcess {
  readonly child: ChildProcess
  readonly #ended: Promise<void>
  readonly #greeted: Promise<string | null>
  #told = ''

  constructor({ databaseUrl, folder, program = START_ARGUMENTS, ...launch }: Launch) {
    const { under = [], environment = {}, isPlain = false, hasChannel = false } = launch
    const [file = process.execPath, ...parts] = [...under, process.execPath, ...program]
    this.child = spawn(file, parts, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        DATABASE_URL: databaseUrl,
        ...(!isPlain && QUIET),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
    })
    alive.add(this.child)
    // A program that cannot be started at all is told as an error, and closes nothing.
    this.child.once('error', error => {
      this.#told += `${error.message}\n`
    })
    this.#ended = new Promise(resolve => this.child.once('close', () => resolve()).once('error', () => resolve()))
    void this.#ended.then(() => alive.delete(this.child))
    this.#greeted = this.#greeting()
    this.child.stderr?.on('data', chunk => {
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

  /** Where it listens. @throws Failure when it does not start */
  async started(): Promise<string> {
    const url = await this.url()
    if (url !== null) return url
    throw new Failure(`The service does not start: ${this.told.trim()}`)
  }

  /** What it has said: its log, and why it did not start. */
  get told(): string {
    return this.#told
  }

  get pid(): number {
    return this.child.pid as number
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM. Resolves to the exit code when it is gone; null when a signal ended it. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.exitCode()
  }

  /** Waits until it is gone. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }

  /** Its first line says where it listens; what it says after that is its log. */
  #greeting(): Promise<string | null> {
    return new Promise(resolve => {
      let said = ''
      this.child.stdout?.on('data', chunk => {
        said += chunk
        const url = /http:\S+(?=\s)/.exec(said)?.[0]
        if (url !== undefined) resolve(url)
        this.#told += url === undefined || said.length > chunk.length ? chunk : ''
      })
      void this.#ended.then(() => resolve(null))
    })
  }
}

function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const [, ...words] = scripts.start.split(' ')
  return words.map(word => (word.endsWith('.js') ? resolve(ROOT, word) : word))
}
