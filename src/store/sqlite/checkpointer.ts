// Checkpoints on a thread of their own: to copy thousands of pages and sync them takes tenths of a second, and meanwhile the writer goes
// on.
import { Worker } from 'node:worker_threads'

export interface CheckpointerData {
  readonly path: string
  /** One number: 1 while a checkpoint is under way. */
  readonly underWay: Int32Array
}

/** Longer than a checkpoint should take on any disk, and shorter than a service is given to stop. */
const PATIENCE_MS = 5_000

export class Checkpointer {
  readonly #path: string
  readonly #onEnd: () => void
  readonly #underWay = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #thread: Worker | null = null

  /** `onEnd` hears, in a later turn, that one has ended; how much it has copied the database tells. */
  constructor(path: string, onEnd: () => void) {
    this.#path = path
    this.#onEnd = onEnd
  }

  /** Not to be called while one is under way. */
  start(): void {
    this.#thread ??= this.#startThread()
    Atomics.store(this.#underWay, 0, 1)
    this.#thread.postMessage('checkpoint')
  }

  get isUnderWay(): boolean {
    return Atomics.load(this.#underWay, 0) === 1
  }

  /** Waits for the one that is under way, which has the file open. False when it does not end: a disk that hangs. */
  close(): boolean {
    const isOver = Atomics.wait(this.#underWay, 0, 1, PATIENCE_MS) !== 'timed-out'
    void this.#thread?.terminate()
    return isOver
  }

  #startThread(): Worker {
    const workerData: CheckpointerData = { path: this.#path, underWay: this.#underWay }
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData, name: 'checkpoint' })
    thread.on('message', this.#onEnd)
    thread.unref()
    return thread
  }
}
