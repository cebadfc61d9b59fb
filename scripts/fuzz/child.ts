// The service as a process of its own, in a folder of its own, whose memory can be read and whose
// log is kept.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { START_ARGUMENTS } from '../start-command.ts'
import { scratchFolder } from './histories/stage.ts'
import { LEAK } from './http/leak.ts'

const PROBE = fileURLToPath(new URL('./http/memory-probe.ts', import.meta.url))
const START_MS = 30_000

/** Of each thread's heap. Who keeps what it need not comes to its end here. */
const HEAP_LIMIT_MIB = 64

/** What a process weighs. */
export interface Weight {
  /** The objects of its threads after all garbage was collected, without code, bytes. */
  readonly usedBytes: number
  /** Resident memory, MiB; null where the system does not tell. */
  readonly residentMiB: number | null
}

export class Child {
  readonly #process: ChildProcess
  readonly #folder: string
  #told = ''
  url = ''

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process
    this.#folder = folder
    for (const stream of [process.stdout, process.stderr]) stream?.on('data', chunk => (this.#told += chunk))
  }

  /**
   * `leakBytes`: what it is to leak on purpose for each request. @throws Failure when it does not
   * start
   */
  static async start(leakBytes = 0): Promise<Child> {
    const folder = scratchFolder()
    // Its log tells of errors only: each of them is a defect of the service.
    const env = { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'error', [LEAK]: String(leakBytes) }
    const flags = [`--max-old-space-size=${HEAP_LIMIT_MIB}`, '--expose-gc', `--import=${PROBE}`]
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    const child = new Child(
      spawn(process.execPath, [...flags, ...START_ARGUMENTS], { cwd: folder, env, stdio: [...stdio] }),
      folder,
    )
    const until = performance.now() + START_MS
    while (child.url === '') {
      if (child.isGone || performance.now() > until) throw new Failure(`The service does not start: ${child.#told}`)
      await new Promise(resolve => setTimeout(resolve, 20))
      child.url = /http:\/\/\S+/.exec(child.#told)?.[0] ?? ''
    }
    return child
  }

  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  get databaseUrl(): string {
    return `sqlite:${join(this.#folder, 'data/pinwheel.db')}`
  }

  /** What it has told of errors. */
  get errors(): string[] {
    return this.#told.split('\n').filter(line => line.includes('"level":50') || line.includes('"level":60'))
  }

  /** When it rests. @throws Failure when it does not answer any more */
  async weigh(): Promise<Weight> {
    const answer = this.#answer()
    this.#process.send('How much?')
    const usedBytes = await answer
    if (usedBytes === null) throw new Failure(`The service has ended: ${this.#told.slice(-2_000)}`)
    return { usedBytes, residentMiB: this.#residentMiB }
  }

  /** Null: it has ended instead. */
  #answer(): Promise<number | null> {
    return new Promise(resolve => {
      const end = () => resolve(null)
      this.#process.once('exit', end).once('message', bytes => {
        this.#process.off('exit', end)
        resolve(bytes as number)
      })
    })
  }

  get #residentMiB(): number | null {
    const path = `/proc/${this.#process.pid}/status`
    if (!existsSync(path)) return null
    const kiB = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1]
    return kiB === undefined ? null : Number(kiB) / 1_024
  }

  /** Asks it to stop; resolves to its exit code. Its files stay. */
  async stop(): Promise<number | null> {
    if (!this.isGone) {
      this.#process.kill('SIGTERM')
      await once(this.#process, 'exit')
    }
    return this.#process.exitCode
  }

  async remove(): Promise<void> {
    if (!this.isGone) {
      this.#process.kill('SIGKILL')
      await once(this.#process, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
