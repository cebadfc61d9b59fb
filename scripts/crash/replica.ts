// A process of the service, perhaps one of several on one database, which can be killed and comes
// back at an address of its own. What it said is kept in its folder, for anyone who wonders about
// an answer.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, HttpClient, type Message, type Sender } from '../http/client.ts'
import { type Launch, ServiceProcess } from '../service/service-process.ts'

export class Replica implements Sender {
  readonly #launch: Launch
  #service: ServiceProcess
  #client: HttpClient | null = null
  #listensSince = 0

  /** Launched, but perhaps not up yet: see `ready`. */
  constructor(launch: Launch) {
    this.#launch = launch
    this.#service = new ServiceProcess(launch)
  }

  /** Resolves when it listens. @throws Failure when it does not start */
  async ready(): Promise<void> {
    this.#client = new HttpClient(await this.#service.started())
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
    return (await this.#client?.send(message)) ?? null
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#service.kill()
    this.#client?.close()
    this.#client = null
    appendFileSync(join(this.#launch.folder, 'replicas.log'), this.#service.told)
  }

  /** Another process in its place. */
  launch(): void {
    this.#service = new ServiceProcess(this.#launch)
  }

  /** SIGTERM. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    this.#client?.close()
    return this.#service.stop()
  }
}
