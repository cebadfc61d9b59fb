// Checkpoints on a thread of their own: to copy thousands of pages and sync them takes a tenth of a second and more, and meanwhile the
// writer goes on.
import { Worker } from 'node:worker_threads'

export interface CheckpointerData {
  readonly path: string
  /** One number: 1 while a checkpoint is under way. */
  readonly underWay: Int32Array
}

export class Checkpointer {
  readonly #path: string
  readonly #onEnd: (isWhole: boolean) => void
  readonly #underWay = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #thread: Worker | null = null

  /** `onEnd` hears, in a later turn, whether all that was committed before is in the file. */
  constructor(path: string, onEnd: (isWhole: boolean) => void) {
    this.#path = path
    this.#onEnd = onEnd
  }

  /** Not to be called while one is under way. */
  start(): void {
    Atomics.store(this.#underWay, 0, 1)
    this.#thread ??= this.#startThread()
    this.#thread.postMessage('checkpoint')
  }

  get isUnderWay(): boolean {
    return Atomics.load(this.#underWay, 0) === 1
  }

  /** Waits for the one that is under way: it has the file open. */
  close(): void {
    Atomics.wait(this.#underWay, 0, 1)
    void this.#thread?.terminate()
  }

  #startThread(): Worker {
    const workerData: CheckpointerData = { path: this.#path, underWay: this.#underWay }
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData, name: 'checkpoint' })
    thread.on('message', this.#onEnd)
    thread.unref()
    return thread
  }
}
