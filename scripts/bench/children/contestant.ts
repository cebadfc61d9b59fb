// A server as a child process on the core of anyone who is measured.
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { processSeconds } from '../../service/process-usage.ts'
import { type Launch, onFile, ServiceProcess } from '../../service/service-process.ts'

const ECHO = fileURLToPath(new URL('./echo.ts', import.meta.url))

export class Contestant {
  readonly name: string
  readonly url: string
  /** From the launch until it listened. */
  readonly startMs: number
  /** What it computed until then, to 10 ms; null where the system does not tell. */
  readonly startCpuMs: number | null
  readonly #process: ServiceProcess

  private constructor(name: string, process: ServiceProcess, url: string, startMs: number) {
    this.name = name
    this.#process = process
    this.url = url
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
    const where = isUrl ? { databaseUrl: database, folder: tmpdir() } : onFile(database)
    return Contestant.#start('Pinwheel', { ...where, under })
  }

  static startEcho(under: readonly string[], name: 'Express' | 'node:http'): Promise<Contestant> {
    return Contestant.#start(name, { databaseUrl: '', folder: tmpdir(), under, program: [ECHO, name] })
  }

  static async #start(name: string, launch: Launch): Promise<Contestant> {
    const startedAt = performance.now()
    const process = new ServiceProcess({ ...launch, isPlain: true, environment: { NODE_ENV: 'production' } })
    const url = await process.started()
    return new Contestant(name, process, url, performance.now() - startedAt)
  }

  get pid(): number {
    return this.#process.pid
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** SIGTERM; resolves when it is gone, and everything of it is in its file. */
  async stop(): Promise<void> {
    await this.#process.stop()
  }
}
