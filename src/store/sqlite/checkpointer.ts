// Keeps the write-ahead log short: a thread of its own copies it into the database file while commits go on.
import { Worker } from 'node:worker_threads'
import type Database from 'better-sqlite3'

export type CheckpointOrder = 'copy' | 'shrink'

export interface CheckpointResult {
  /** The log was copied to its end. */
  readonly isComplete: boolean
}

/**
 * The log is copied when it has so many frames (of 4 KiB and 24 bytes). Units come in no order, so each writes a page of its own;
 * the longer the log, the more of them meet there. Its file never shrinks under load.
 */
const MOST_FRAMES = 32_000

/** The number of frames is looked up this often at most: a thousand frames take longer. */
const LOOK_MS = 10

/** Where readers stand in the way it is tried again after so long. */
const RETRY_MS = 500

/** So often it is looked whether the load is over and the file of the log can be cut. */
const IDLE_TICK_MS = 2_000
const FEW_FRAMES = 500
const LARGE_BYTES = 32 * 2 ** 20

export interface CheckpointerOptions {
  /** Of its file, in bytes. */
  readonly sizeOfLog: () => number
  /** False where another file stands at the path, into which nothing must be copied. */
  readonly isAllowed: () => Promise<boolean>
}

interface Frames {
  /** In the log, and how many of these are in the file. */
  readonly log: number
  readonly checkpointed: number
}

export class Checkpointer {
  readonly #path: string
  readonly #readFrames: Database.Statement<[], Frames>
  readonly #options: CheckpointerOptions
  readonly #timer: NodeJS.Timeout
  #thread: Worker | null = null
  #underWay: { readonly resolve: () => void; readonly ended: Promise<void> } | null = null
  #lookedAt = 0
  #notBefore = 0
  #framesAtTick = 0

  constructor(db: Database.Database, options: CheckpointerOptions) {
    this.#path = db.name
    this.#options = options
    this.#readFrames = db.prepare<[], Frames>('PRAGMA wal_checkpoint(NOOP)')
    this.#timer = setInterval(() => this.#tick(), IDLE_TICK_MS).unref()
  }

  /** Called after each commit. */
  noteCommit(): void {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS || now < this.#notBefore || this.#underWay !== null) return
    this.#lookedAt = now
    if (this.frames >= MOST_FRAMES) void this.#order('copy')
  }

  /** How many there are in the log. */
  get frames(): number {
    return this.#readFrames.get()?.log ?? 0
  }

  /** Resolves when none is under way any more; the thread has then closed the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay?.ended
    if (this.#thread === null) return
    const thread = this.#thread
    const ended = new Promise(resolve => thread.once('exit', resolve))
    thread.ref()
    thread.postMessage('close')
    await ended
  }

  #tick(): void {
    const { frames } = this
    const isIdle = frames >= this.#framesAtTick && frames - this.#framesAtTick < FEW_FRAMES
    this.#framesAtTick = frames
    if (isIdle && this.#underWay === null && this.#options.sizeOfLog() > LARGE_BYTES) void this.#order('shrink')
  }

  async #order(order: CheckpointOrder): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    this.#underWay = { ended, resolve }
    if (!(await this.#options.isAllowed())) return this.#end(false)
    this.#thread ??= this.#startThread()
    this.#thread.postMessage(order)
  }

  #end(isComplete: boolean): void {
    this.#notBefore = isComplete ? 0 : performance.now() + RETRY_MS
    this.#underWay?.resolve()
    this.#underWay = null
  }

  /** What it does not expect ends the process, and everything that was acknowledged is on the disk. */
  #startThread(): Worker {
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), {
      workerData: this.#path,
      name: 'checkpoint',
    })
    thread.on('message', ({ isComplete }: CheckpointResult) => this.#end(isComplete))
    thread.unref()
    return thread
  }
}
