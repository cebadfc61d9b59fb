// Puts a backup in the place of the database: pinwheel restore
import { existsSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { claimStore } from '../store/open.ts'
import { AT_REST, FILES, refuseRedoLog } from '../store/sqlite/database.ts'
import { markPath } from '../store/sqlite/files/mark.ts'
import { type CopyOptions, copyDatabase } from './database/copy-database.ts'
import { databasePath } from './database/database-url.ts'
import { isSameFile, syncToDisk } from './database/disk.ts'
import { expectLedgers } from './database/expect-ledgers.ts'
import { interruption, withFailure } from './database/expected-failure.ts'
import { type Contents, contentsText, inspectCopy } from './database/inspect-copy.ts'
import { command } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'
import { ProgressBar } from './terminal/progress-bar.ts'

const help = `Usage: pinwheel restore FILE [--to PATH] [--force]

Verifies FILE and recomputes its ledger from the assignments and rewards, and puts a copy of it where DATABASE_URL points. The service that uses this
place must be stopped. What was acknowledged after the backup is not in it: units that got their arm since are drawn anew.

OPTIONS
  --to PATH   another place
  --force     moves a database that is there aside, to <its name>.before-<time>
`

const options = { to: { type: 'string' }, force: { type: 'boolean', default: false } } as const

export const run = command({ help, options, allowPositionals: true }, async ({ to, force }, [file, ...others]) => {
  if (file === undefined || others.length > 0) throw new UsageError('Name one file to restore; see --help')
  const path = to ?? databasePath()
  const bar = new ProgressBar()
  const onProgress = (done: number, total: number) => bar.update(done, total, 'pages')
  const { oldPath, ...contents } = await withFailure(`Cannot restore ${file}`, () =>
    restore({ file, databasePath: path, force, now: Date.now(), signal: interruption(), onProgress }),
  )
  bar.end()
  process.stdout.write(`Restored to ${path}: ${contentsText(contents)}; its ledger is verified\n`)
  if (oldPath !== null) process.stdout.write(`What was there is now ${oldPath}\n`)
})

export interface RestoreOptions extends CopyOptions {
  /** A backup, or any database of Pinwheel's with its log beside it. It is only read. */
  readonly file: string
  readonly databasePath: string
  /** Moves aside what is there. */
  readonly force?: boolean
  /** The present time, ms since 1970: it names what is moved aside. */
  readonly now: number
}

/** `oldPath`: where the old database is now; null where there was none. */
type Restored = Contents & { readonly oldPath: string | null }

/** Files that are not removed: the one that is overwritten, and the claim. */
const HELD: readonly string[] = ['', '-service']

/** A service is not waited for: it has been stopped before. */
const PATIENCE_MS = 0

/**
 * Restores `file` to `databasePath`, verified and brought up to this code's schema, in one rename.
 *
 * @throws Failure, DatabaseError, SqliteError; then the place is as it was
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
    await expectLedgers(`sqlite:${copy}`, copying.signal)
    copying.signal?.throwIfAborted()
    syncToDisk(copy)
    const oldPath = isTaken ? moveAside(databasePath, now) : null
    // The mark is that of the old database; by it the next start would refuse this one as an older
    // state.
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
 * Links the old database, with its log, to a second name. The first name stays until the rename: a
 * service that found no file would begin with an empty database. Answers the second name.
 */
function moveAside(databasePath: string, now: number): string {
  const oldPath = `${databasePath}.before-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  if (existsSync(oldPath)) throw new Failure(`${oldPath} is there already`)
  // Before the checkpoint: SQLite removes the log beside a file that was truncated to nothing.
  for (const suffix of AT_REST) {
    if (existsSync(databasePath + suffix)) linkSync(databasePath + suffix, oldPath + suffix)
  }
  const isWhole = checkpoint(databasePath)
  if (isWhole) for (const suffix of AT_REST.slice(1)) rmSync(oldPath + suffix, { force: true })
  syncToDisk(dirname(databasePath))
  // SQLite would apply a log that stayed to the new file.
  for (const suffix of FILES) if (!HELD.includes(suffix)) rmSync(databasePath + suffix, { force: true })
  return oldPath
}

/**
 * Writes the logs of a database into its file. False for a damaged file, whose logs stay as they
 * are.
 */
function checkpoint(databasePath: string): boolean {
  let db: Database.Database | null = null
  try {
    refuseRedoLog(databasePath)
    db = new Database(databasePath, { fileMustExist: true, timeout: PATIENCE_MS })
    const [done] = db.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }]
    return done.busy === 0
  } catch {
    return false
  } finally {
    db?.close()
  }
}
