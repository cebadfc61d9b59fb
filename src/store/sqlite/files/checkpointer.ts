// Keeps the write-ahead log short: a thread of its own copies it into the database file while
// commits go on.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type Database from 'better-sqlite3'

export type CheckpointOrder = 'copy' | 'shrink'

export interface CheckpointResult {
  /** The log was copied to its end, so that the next commit begins it anew. */
  readonly isComplete: boolean
  /**
   * Somebody reads what was before, as a backup does: the log grows until they end, whatever is
   * done.
   */
  readonly isHeld: boolean
}

/**
 * The log is copied when it has so many frames (of 4 KiB and 24 bytes). Units come in no order, so
 * each writes a page of its own; the longer the log, the more of them meet there. Its file never
 * shrinks under load.
 */
const MOST_FRAMES = 20_000

/** The number of frames is looked up this often at most: a thousand frames take longer. */
const LOOK_MS = 10

/** Where readers stand in the way it is tried again after so long. */
const RETRY_MS = 100

/** From here on writers are slowed down, and so much more with each further part. */
const PRESSING_FRAMES = 28_000
const FRAMES_A_PRESSURE = 3_000

/**
 * Not more while a reader holds the log: it ends no sooner for it. Litestream always holds it, and
 * must be able to catch up.
 */
const MOST_PRESSURE_WHILE_HELD = 8

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
  #pressure = 0
  #isHeld = false
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
    if (now - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = now
    const { frames } = this
    const most = this.#isHeld ? MOST_PRESSURE_WHILE_HELD : Number.POSITIVE_INFINITY
    this.#pressure = Math.min(most, Math.max(0, (frames - PRESSING_FRAMES) / FRAMES_A_PRESSURE))
    if (frames >= MOST_FRAMES && now >= this.#notBefore && this.#underWay === null) void this.#order('copy')
  }

  /**
   * How many times as long as the last transaction the next one is to wait: 0 until the log has
   * grown by more than a checkpoint should take, then the more the longer it is, so that it stays
   * bounded however slow the disk is.
   */
  get pressure(): number {
    return this.#pressure
  }

  /** How many there are in the log. */
  get frames(): number {
    return this.#readFrames.get()?.log ?? 0
  }

  /** Resolves when none is under way any more, and the thread has closed its connection. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay?.ended
    if (this.#thread === null) return
    this.#thread.ref()
    this.#thread.postMessage('close')
    await once(this.#thread, 'message')
  }

  /** Ends the thread, once the other connections of this process are closed too. */
  async end(): Promise<void> {
    await this.#thread?.terminate()
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
    if (!(await this.#options.isAllowed())) return this.#end({ isComplete: false, isHeld: false })
    this.#thread ??= this.#startThread()
    this.#thread.postMessage(order)
  }

  #end({ isComplete, isHeld }: CheckpointResult): void {
    this.#isHeld = isHeld
    this.#notBefore = isComplete ? 0 : performance.now() + RETRY_MS
    this.#underWay?.resolve()
    this.#underWay = null
  }

  /**
   * What it does not expect ends the process, and everything that was acknowledged is on the disk.
   */
  #startThread(): Worker {
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), {
      workerData: this.#path,
      name: 'checkpoint',
    })
    thread.on('message', (told: CheckpointResult | 'closed') => told !== 'closed' && this.#end(told))
    thread.unref()
    return thread
  }
}
