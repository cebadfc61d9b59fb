// The files of an archive: each is whole and on the disk when it has its name, and is not changed
// after that.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ArchivedFile } from '../../bandit/archive.ts'
import { syncToDisk } from '../database/disk.ts'
import { Failure } from '../terminal/failure.ts'

/** As private as a database. */
const MODE = 0o600

/**
 * Writes the file, unless it exists with the same bytes. True when it was written now.
 *
 * @throws Failure where there is another one
 */
export function putFile(path: string, bytes: Uint8Array): boolean {
  if (existsSync(path)) {
    // A run that ended between the rename and this left it unsynced.
    syncToDisk(dirname(path))
    if (sha256Of(readFileSync(path)) === sha256Of(bytes)) return false
    throw new Failure(
      `${path} is there already, with other facts, and the database has no record of it. If an interrupted run has left it, ` +
        'delete it: its facts are still in the database. Else name another folder',
    )
  }
  const part = `${path}.${process.pid}.part`
  const descriptor = openSync(part, 'w', MODE)
  try {
    writeFileSync(descriptor, bytes)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(part, path)
  syncToDisk(dirname(path))
  return true
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A message for each file that is not in the folder of the archive as it was written. */
export function archiveFaults(folder: string, files: readonly ArchivedFile[]): string[] {
  return files.flatMap(({ file, sha256 }) => {
    const path = join(folder, file)
    if (!existsSync(path)) return `${path} is not there`
    return sha256Of(readFileSync(path)) === sha256 ? [] : `${path} was changed`
  })
}
