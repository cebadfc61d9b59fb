// The service as a process of its own, in a folder of its own, whose memory can be read and whose
// log is kept.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { memoryOf } from '../service/process-usage.ts'
import { ServiceProcess, START_ARGUMENTS } from '../service/service-process.ts'
import { scratchFolder } from './histories/stage.ts'
import { LEAK, type Weight } from './http/growth-fault.ts'

const PROBE = fileURLToPath(new URL('./http/memory-probe.ts', import.meta.url))

/** Of each thread's heap. Who keeps what it need not comes to its end here. */
const HEAP_LIMIT_MIB = 64
const FLAGS = [`--max-old-space-size=${HEAP_LIMIT_MIB}`, '--expose-gc', `--import=${PROBE}`]

export class Child {
  readonly #process: ServiceProcess
  readonly #folder: string
  readonly url: string
  readonly databaseUrl: string

  private constructor(process: ServiceProcess, folder: string, url: string, databaseUrl: string) {
    this.#process = process
    this.#folder = folder
    this.url = url
    this.databaseUrl = databaseUrl
  }

  /**
   * `leakBytes`: what it is to leak on purpose for each request. @throws Failure when it does not
   * start
   */
  static async start(leakBytes = 0): Promise<Child> {
    const folder = scratchFolder()
    const databaseUrl = `sqlite:${join(folder, 'pinwheel.db')}`
    // Its log tells of errors only: each of them is a defect of the service.
    const process = new ServiceProcess({
      databaseUrl,
      folder,
      program: [...FLAGS, ...START_ARGUMENTS],
      environment: { [LEAK]: String(leakBytes) },
      hasChannel: true,
    })
    return new Child(process, folder, await process.started(), databaseUrl)
  }

  /** What it has told of errors. */
  get errors(): string[] {
    return this.#process.told.split('\n').filter(line => line.includes('"level":50') || line.includes('"level":60'))
  }

  /** When it rests. @throws Failure when it does not answer any more */
  async weigh(): Promise<Weight> {
    const { child, told, pid } = this.#process
    const { promise, resolve } = Promise.withResolvers<number | null>()
    const end = () => resolve(null)
    child.once('exit', end).once('message', bytes => resolve(bytes as number))
    child.send('How much?')
    const usedBytes = await promise
    child.off('exit', end)
    if (usedBytes === null) throw new Failure(`The service has ended: ${told.slice(-2_000)}`)
    return { usedBytes, residentMB: memoryOf(pid)?.now ?? null }
  }

  /** Asks it to stop; resolves to its exit code. Its files stay. */
  stop(): Promise<number | null> {
    return this.#process.stop()
  }

  async remove(): Promise<void> {
    await this.#process.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
