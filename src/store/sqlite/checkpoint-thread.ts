// Makes a checkpoint each time that it is asked to: see `Checkpointer`.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { CheckpointerData } from './checkpointer.ts'
import { isTrouble } from './trouble.ts'
import { copyPages, pagesToCopy } from './wal.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort
const { path, underWay } = workerData as CheckpointerData

/** SQLite syncs the file only where nobody has committed while it copied: a second time there is little to copy. */
const MOST_TIMES = 3

/** By a connection of its own, which is closed when it ends. */
function checkpoint(): void {
  const db = new Database(path, { fileMustExist: true })
  try {
    for (let time = 0; time < MOST_TIMES && copyPages(db) && pagesToCopy(db) > 0; time++);
  } finally {
    db.close()
  }
}

function attempt(): void {
  try {
    checkpoint()
  } catch (error) {
    // The log grows, and the writer hears of a full disk by its next commit.
    if (!isTrouble(error)) throw error
  }
}

port.on('message', () => {
  try {
    attempt()
  } finally {
    Atomics.store(underWay, 0, 0)
    Atomics.notify(underWay, 0)
  }
  port.postMessage('ended')
})
