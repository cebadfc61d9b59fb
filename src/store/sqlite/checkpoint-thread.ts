// Makes a checkpoint each time that it is asked to: see `Checkpointer`.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { CheckpointerData } from './checkpointer.ts'
import { isTrouble } from './trouble.ts'
import { copyPages } from './wal.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort
const { path, underWay } = workerData as CheckpointerData

/** By a connection of its own, of which nothing is left afterwards. */
function checkpoint(): boolean {
  const db = new Database(path, { fileMustExist: true })
  try {
    return copyPages(db)
  } finally {
    db.close()
  }
}

function attempt(): boolean {
  try {
    return checkpoint()
  } catch (error) {
    // The log grows, and the writer hears of the disk by its next commit.
    if (isTrouble(error)) return false
    throw error
  }
}

port.on('message', () => {
  let isWhole = false
  try {
    isWhole = attempt()
  } finally {
    Atomics.store(underWay, 0, 0)
    Atomics.notify(underWay, 0)
  }
  port.postMessage(isWhole)
})
