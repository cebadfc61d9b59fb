// Copies the write-ahead log into the database file each time that it is asked to: see
// `Checkpointer`.
import { fdatasyncSync, openSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { isStoreFailure } from '../store-failure.ts'
import type { CheckpointOrder, CheckpointResult } from './checkpointer.ts'
import { endAtOnce, endingOnSyncFailure } from './sync-failure.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort

/**
 * So long the last step may wait for a writer. It also waits for readers, with the writers behind
 * it; but old ones are seen before.
 */
const BUSY_TIMEOUT_MS = 100

/** What was written during one round is copied in the next, which is shorter. */
const MOST_ROUNDS = 12

/**
 * A reader that stands in the way in so many rounds, after a pause each, is one that stays, as a
 * backup does.
 */
const MOST_HELD_ROUNDS = 3
const HELD_PAUSE_MS = 20

/** So few frames are copied while writers wait. */
const FEW_FRAMES = 1_000

const db = new Database(workerData as string, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
// What a checkpoint syncs: the log before the file is written, and the file before the log begins
// anew.
db.pragma('synchronous = NORMAL')

/**
 * For syncs of the database file that keep no writer waiting. To close a descriptor drops the locks
 * that SQLite has on the file in this process: this one is closed with the thread, after SQLite's
 * own.
 */
const descriptor = openSync(db.name, 'r+')

interface Checkpoint {
  readonly busy: number
  /** Frames in the log, and how many of these are in the file. */
  readonly log: number
  readonly checkpointed: number
}

function checkpoint(mode: 'NOOP' | 'PASSIVE' | 'FULL' | 'TRUNCATE'): Checkpoint {
  const [told] = endingOnSyncFailure(db.name, () => db.pragma(`wal_checkpoint(${mode})`)) as [Checkpoint]
  return told
}

function copyAll(): CheckpointResult {
  let heldRounds = 0
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const copied = checkpoint('PASSIVE')
    if (copied.busy === 1) break
    syncDatabase()
    if (copied.checkpointed < copied.log) {
      heldRounds += 1
      if (heldRounds === MOST_HELD_ROUNDS) return { isComplete: false, isHeld: true }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_PAUSE_MS)
      continue
    }
    const { log, checkpointed } = checkpoint('NOOP')
    if (log - checkpointed > FEW_FRAMES) continue
    if (checkpoint('FULL').busy === 0) return { isComplete: true, isHeld: false }
  }
  return { isComplete: false, isHeld: false }
}

/**
 * SQLite syncs it only where nobody has committed meanwhile, or with the writers waiting; then
 * little is left of it.
 */
function syncDatabase(): void {
  try {
    fdatasyncSync(descriptor)
  } catch (error) {
    endAtOnce(db.name, error as Error)
  }
}

function carryOut(order: CheckpointOrder): CheckpointResult {
  try {
    const result = copyAll()
    if (result.isComplete && order === 'shrink') checkpoint('TRUNCATE')
    return result
  } catch (error) {
    // The log grows, and the writer hears of a full disk by its next commit.
    if (!isStoreFailure(error)) throw error
    return { isComplete: false, isHeld: false }
  }
}

port.on('message', (order: CheckpointOrder | 'close') => {
  if (order === 'close') db.close()
  port.postMessage(order === 'close' ? 'closed' : carryOut(order))
})
