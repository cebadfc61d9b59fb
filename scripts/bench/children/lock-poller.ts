// Another process that wants the write lock of a SQLite file: asks for it each millisecond until it
// has it, lets go, and comes again some time later. Prints how long it waited each time, in ms, as
// JSON when its input ends. Argument: the file.
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'

const PAUSE_MS = 20

const db = new Database(process.argv[2] as string, { timeout: 0 })
db.pragma('wal_autocheckpoint = 0')
const waits: number[] = []
let isOver = false
process.stdin.resume().once('end', () => {
  isOver = true
})

function takeLock(): boolean {
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error
    return false
  }
}

while (!isOver) {
  const startedAt = performance.now()
  while (!takeLock()) await sleep(1)
  waits.push(performance.now() - startedAt)
  await sleep(PAUSE_MS)
}
db.close()
process.stdout.write(JSON.stringify(waits))
