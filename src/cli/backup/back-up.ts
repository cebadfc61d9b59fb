// Copies a live database into one file that is whole, checked and on the disk, or is not there.
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FILES, refuseRedoLog } from '../../store/sqlite/database.ts'
import { Failure } from '../terminal/failure.ts'
import { type CopyOptions, copyDatabase } from './copy-database.ts'
import { type Contents, inspectCopy } from './inspect-copy.ts'
import { isSameFile } from './same-file.ts'
import { syncToDisk } from './sync-to-disk.ts'

export interface BackUpOptions extends CopyOptions {
  readonly databasePath: string
  /** Where the copy is to be. */
  readonly file: string
  /** Replaces what is there. */
  readonly force?: boolean
}

/**
 * Answers what is in the copy. It has every fact that was acknowledged before the call.
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
  // On the same disk, so that it can be moved in one instant, and with room for what SQLite puts
  // beside it.
  const folder = mkdtempSync(`${file}.part-`)
  try {
    const copy = join(folder, 'copy.db')
    await copyDatabase(databasePath, copy, copying)
    const contents = inspectCopy(copy)
    copying.signal?.throwIfAborted()
    // Who may not read the database may not read its backup.
    chmodSync(copy, statSync(databasePath).mode)
    syncToDisk(copy)
    renameSync(copy, file)
    syncToDisk(dirname(file))
    return contents
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
