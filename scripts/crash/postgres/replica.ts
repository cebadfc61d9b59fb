// One of several processes of the service on one database, which can be killed and comes back at an
// address of its own. What it said is kept in its folder, for anyone who wonders about an answer.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../../src/cli/terminal/failure.ts'
import { type Answer, Connection, type Line, type Message } from '../connection.ts'
import { type Launch, ServiceProcess } from '../service-process.ts'

export class Replica implements Line {
  readonly #launch: Launch
  #service: ServiceProcess
  #connection: Connection | null = null
  #listensSince = 0

  /** Launched, but perhaps not up yet: see `ready`. */
  constructor(launch: Launch) {
    this.#launch = launch
    this.#service = new ServiceProcess(launch)
  }

  /** Resolves when it listens. @throws Failure when it does not start */
  async ready(): Promise<void> {
    const url = await this.#service.url()
    if (url === null) throw new Failure(`The service does not start: ${this.#service.told.trim()}`)
    this.#connection = new Connection(url)
    this.#listensSince = performance.now()
  }

  get listensSince(): number {
    return this.#listensSince
  }

  /** What it has said since it was launched. */
  get told(): string {
    return this.#service.told.trim()
  }

  get hasEnded(): boolean {
    return this.#service.hasEnded
  }

  async send(message: Message): Promise<Answer | null> {
    return (await this.#connection?.send(message)) ?? null
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#service.kill()
    this.#connection?.close()
    this.#connection = null
    appendFileSync(join(this.#launch.folder, 'replicas.log'), this.#service.told)
  }

  /** Another process in its place. */
  launch(): void {
    this.#service = new ServiceProcess(this.#launch)
  }

  /** SIGTERM. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    this.#connection?.close()
    return this.#service.stop()
  }
}
