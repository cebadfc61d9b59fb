// Puts a backup where a service will find it: proved first, and in one instant, with what was there
// moved aside.
import { existsSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { verify } from '../../bandit/verify.ts'
import { claimStore, openStore } from '../../store/open.ts'
import { AT_REST, FILES, refuseRedoLog } from '../../store/sqlite/database.ts'
import { markPath } from '../../store/sqlite/files/mark.ts'
import { Failure } from '../terminal/failure.ts'
import { type CopyOptions, copyDatabase } from './copy-database.ts'
import { type Contents, inspectCopy } from './inspect-copy.ts'
import { isSameFile } from './same-file.ts'
import { syncToDisk } from './sync-to-disk.ts'

export interface RestoreOptions extends CopyOptions {
  /** A backup, or any database of Pinwheel's with its log beside it. It is only read. */
  readonly file: string
  readonly databasePath: string
  /** Moves aside what is there. */
  readonly force?: boolean
  /** The present time, ms since 1970: it names what is moved aside. */
  readonly now: number
}

export interface Restored extends Contents {
  /** Where the old database is now; null where there was none. */
  readonly oldPath: string | null
}

/** The one that is overwritten, and the claim. */
const HELD: readonly string[] = ['', '-service']

/** A service need not be waited for: who restores has stopped it. */
const PATIENCE_MS = 0

/**
 * Restores `file` to `databasePath`, brought up to this code's schema.
 *
 * @throws Failure, DatabaseError, SqliteError; then what was there is there still
 */
export async function restore({
  file,
  databasePath,
  force = false,
  now,
  ...copying
}: RestoreOptions): Promise<Restored> {
  if (!existsSync(file)) throw new Failure(`there is no file ${file}`)
  if (isSameFile(file, databasePath)) throw new Failure(`${file} is that database itself`)
  refuseRedoLog(file)
  const isTaken = AT_REST.some(suffix => existsSync(databasePath + suffix))
  if (isTaken && !force) throw new Failure(`${databasePath} is there already; --force moves it aside`)
  mkdirSync(dirname(databasePath), { recursive: true })
  const release = claimStore(`sqlite:${databasePath}`, PATIENCE_MS)
  const folder = mkdtempSync(`${databasePath}.part-`)
  try {
    const copy = join(folder, 'copy.db')
    await copyDatabase(file, copy, copying)
    const contents = inspectCopy(copy)
    await expectBalance(copy)
    copying.signal?.throwIfAborted()
    syncToDisk(copy)
    const oldPath = isTaken ? moveAside(databasePath, now) : null
    // It is of the database that was here; the next start would take this one for an older state of
    // it.
    rmSync(markPath(databasePath), { force: true })
    renameSync(copy, databasePath)
    syncToDisk(dirname(databasePath))
    return { ...contents, oldPath }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    release()
  }
}

/**
 * Opened as a service would: an older schema is migrated here, and the log is removed when it is
 * closed.
 */
async function expectBalance(path: string): Promise<void> {
  const store = await openStore(`sqlite:${path}`)
  try {
    for (const experiment of await store.findExperiments()) {
      const [first] = (await verify({ store }, experiment)).discrepancies
      if (first === undefined) continue
      const { cell, recomputed, kept } = first
      const difference = `${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`
      throw new Failure(
        `the ledger of experiment "${experiment.definition.key}" does not match its facts: ${difference}`,
      )
    }
  } finally {
    await store.close()
  }
}

/**
 * Gives the old database a second name, with its log, and leaves the first one to be overwritten in
 * one step: at no instant is there no database, which a service would take for an empty one.
 * Answers the second name.
 */
function moveAside(databasePath: string, now: number): string {
  const oldPath = `${databasePath}.before-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  if (existsSync(oldPath)) throw new Failure(`${oldPath} is there already`)
  // First of all: SQLite takes a file that was cut to nothing for a new one, and removes the log
  // beside it.
  for (const suffix of AT_REST) {
    if (existsSync(databasePath + suffix)) linkSync(databasePath + suffix, oldPath + suffix)
  }
  const isSettled = settleLogs(databasePath)
  if (isSettled) for (const suffix of AT_REST.slice(1)) rmSync(oldPath + suffix, { force: true })
  syncToDisk(dirname(databasePath))
  // A log that stayed would be read into the file that it does not belong to.
  for (const suffix of FILES) if (!HELD.includes(suffix)) rmSync(databasePath + suffix, { force: true })
  return oldPath
}

/**
 * Writes its logs into the file, so that it needs none. False for a damaged file, which keeps its
 * logs as they are.
 */
function settleLogs(databasePath: string): boolean {
  let db: Database.Database | null = null
  try {
    refuseRedoLog(databasePath)
    db = new Database(databasePath, { fileMustExist: true, timeout: PATIENCE_MS })
    const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }]
    return done.busy === 0
  } catch {
    // It is replaced because it is damaged.
    return false
  } finally {
    db?.close()
  }
}
