// Copies the write-ahead log into the database file each time that it is asked to: see `Checkpointer`.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { CheckpointOrder, CheckpointResult } from './checkpointer.ts'
import { endingOnSyncFailure } from './sync-failure.ts'
import { isTrouble } from './trouble.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort

/** So long the last step may wait for a writer, and then for readers, during which nobody writes. */
const BUSY_TIMEOUT_MS = 40

/** What was written during one round is copied in the next, which is shorter. */
const MOST_ROUNDS = 6

/** So few frames are copied while writers wait. */
const FEW_FRAMES = 1_000

const db = new Database(workerData as string, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
// What a checkpoint syncs: the log before the file is written, and the file before the log begins anew.
db.pragma('synchronous = NORMAL')

interface Checkpoint {
  readonly busy: number
  /** Frames in the log, and how many of these are in the file. */
  readonly log: number
  readonly checkpointed: number
}

function checkpoint(mode: 'PASSIVE' | 'FULL' | 'TRUNCATE'): Checkpoint {
  const [told] = endingOnSyncFailure(db.name, () => db.pragma(`wal_checkpoint(${mode})`)) as [Checkpoint]
  return told
}

/** True when everything was copied, so that the next commit begins the log anew. */
function copyAll(): boolean {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { busy, log, checkpointed } = checkpoint('PASSIVE')
    if (busy === 1) return false
    if (log - checkpointed <= FEW_FRAMES) return checkpoint('FULL').busy === 0
  }
  return false
}

function carryOut(order: CheckpointOrder): CheckpointResult {
  try {
    const isComplete = copyAll()
    if (isComplete && order === 'shrink') checkpoint('TRUNCATE')
    return { isComplete }
  } catch (error) {
    // The log grows, and the writer hears of a full disk by its next commit.
    if (!isTrouble(error)) throw error
    return { isComplete: false }
  }
}

port.on('message', (order: CheckpointOrder | 'close') => {
  if (order !== 'close') return port.postMessage(carryOut(order))
  db.close()
  port.close()
})
