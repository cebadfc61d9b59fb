// Copies the database of a running service into a file: pinwheel backup
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FILES, refuseRedoLog } from '../store/sqlite/database.ts'
import { type CopyOptions, copyDatabase } from './database/copy-database.ts'
import { databasePath } from './database/database-url.ts'
import { isSameFile, syncToDisk } from './database/disk.ts'
import { interruption, withFailure } from './database/expected-failure.ts'
import { type Contents, contentsText, inspectCopy } from './database/inspect-copy.ts'
import { command } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'

const help = `Usage: pinwheel backup FILE [--force]

Copies the database that DATABASE_URL names, as it is at one instant, while a service uses it. FILE has every fact that was
acknowledged before; it is checked and on the disk before it gets its name, and is whole by itself. pinwheel restore brings it back.

OPTIONS
  --force     replaces FILE
`

const options = { force: { type: 'boolean', default: false } } as const

export const run = command({ help, options, allowPositionals: true }, async ({ force }, [file, ...others]) => {
  if (file === undefined || others.length > 0) throw new UsageError('Name one file for the backup; see --help')
  const path = databasePath()
  const bar = new ProgressBar()
  const startedAt = performance.now()
  const onProgress = (done: number, total: number) => bar.update(done, total, 'pages')
  const contents = await withFailure(`Cannot back up ${path}`, () =>
    backUp({ databasePath: path, file, force, signal: interruption(), onProgress }),
  )
  bar.end()
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  const size = formatCount(Math.ceil(statSync(file).size / 1024 ** 2))
  process.stdout.write(`${file}: ${size} MiB in ${seconds} s: ${contentsText(contents)}\n`)
})

export interface BackUpOptions extends CopyOptions {
  readonly databasePath: string
  /** Where the copy is to be. */
  readonly file: string
  /** Replaces what is there. */
  readonly force?: boolean
}

/**
 * Copies a live database into one file that is whole, checked and on the disk, or does not exist.
 * Answers what is in the copy: every fact that was acknowledged before the call.
 *
 * @throws Failure, DatabaseError, SqliteError; then `file` is as it was
 */
export async function backUp({ databasePath, file, force = false, ...copying }: BackUpOptions): Promise<Contents> {
  if (!existsSync(databasePath)) throw new Failure(`there is no file ${databasePath}; DATABASE_URL names it`)
  if (FILES.some(suffix => isSameFile(file, databasePath + suffix))) {
    throw new Failure(`${file} belongs to the database itself; name another file`)
  }
  if (!existsSync(dirname(file))) throw new Failure(`there is no folder ${dirname(file)}`)
  if (existsSync(file) && !force) throw new Failure(`${file} is there already; --force replaces it`)
  refuseRedoLog(databasePath)
  // On the same disk, so that a rename moves the copy, and with room for SQLite's own files.
  const folder = mkdtempSync(`${file}.part-`)
  try {
    const copy = join(folder, 'copy.db')
    await copyDatabase(databasePath, copy, copying)
    const contents = inspectCopy(copy)
    copying.signal?.throwIfAborted()
    // A backup is as private as its database.
    chmodSync(copy, statSync(databasePath).mode)
    syncToDisk(copy)
    renameSync(copy, file)
    syncToDisk(dirname(file))
    return contents
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
