// A server as a child process on the core of anyone who is measured. Ends no process but the one it
// started.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { START_ARGUMENTS } from '../../start-command.ts'
import { processSeconds } from '../machine/usage.ts'

/** More than any start should take; then it is ended. */
const START_LIMIT_MS = 60_000

const PROGRAMS = {
  Pinwheel: START_ARGUMENTS,
  Express: [pathTo('./echo-express.ts')],
  'node:http': [pathTo('./echo-http.ts')],
} as const

/** None outlives this process, however it ends. */
const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

export type ContestantName = keyof typeof PROGRAMS

export class Contestant {
  readonly name: ContestantName
  readonly port: number
  /** From the launch until it listened. */
  readonly startMs: number
  /** What it computed until then, to 10 ms; null where the system does not tell. */
  readonly startCpuMs: number | null
  readonly #child: ChildProcess

  private constructor(name: ContestantName, child: ChildProcess, port: number, startMs: number) {
    this.name = name
    this.#child = child
    this.port = port
    this.startMs = startMs
    const seconds = processSeconds(this.pid)
    this.startCpuMs = seconds === null ? null : 1_000 * seconds
  }

  /**
   * The service itself, as `npm start` starts it, on a file of its own, or on the PostgreSQL
   * database of a URL.
   */
  static startService(under: readonly string[], database: string): Promise<Contestant> {
    const isUrl = database.includes('://')
    // Away from the checkout, so that no .env file has a say.
    const cwd = isUrl ? tmpdir() : dirname(database)
    return Contestant.#start('Pinwheel', under, { cwd, env: { DATABASE_URL: isUrl ? database : `sqlite:${database}` } })
  }

  static startEcho(under: readonly string[], name: Exclude<ContestantName, 'Pinwheel'>): Promise<Contestant> {
    return Contestant.#start(name, under, { env: {} })
  }

  static async #start(
    name: ContestantName,
    under: readonly string[],
    { cwd, env }: { readonly cwd?: string; readonly env: Record<string, string> },
  ): Promise<Contestant> {
    const [program = process.execPath, ...parts] = [...under, process.execPath, ...PROGRAMS[name]]
    const startedAt = performance.now()
    const child = spawn(program, parts, {
      cwd,
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    alive.add(child.once('close', () => alive.delete(child)))
    const port = await portOf(name, child)
    return new Contestant(name, child, port, performance.now() - startedAt)
  }

  get pid(): number {
    return this.#child.pid as number
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** SIGTERM; resolves when it is gone, and everything of it is in its file. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'close')
    this.#child.kill('SIGTERM')
    await gone
  }
}

function pathTo(program: string): string {
  return fileURLToPath(new URL(program, import.meta.url))
}

/** Its first line says where it listens; what it says after that is its log. */
function portOf(name: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Failure(`${name} does not start: ${why}`))
    const hurry = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`it did not listen within ${START_LIMIT_MS / 1_000} s`)
    }, START_LIMIT_MS)
    let said = ''
    child.stdout?.on('data', chunk => {
      if (said.length < 4_096) said += chunk
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      if (port === undefined) return
      clearTimeout(hurry)
      resolve(Number(port))
    })
    child.once('error', error => fail(error.message))
    child.once('close', () => {
      clearTimeout(hurry)
      fail(said.trim() || 'it ended at once')
    })
  })
}
