// Writes a file so that it is complete and on disk before it gets its name.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncToDisk } from '../backup/sync-to-disk.ts'
import { Failure } from '../terminal/failure.ts'

/** As private as a database: units are people. */
const MODE = 0o600

/**
 * Writes the file, unless it is there with the same bytes already. True when it was written now.
 *
 * @throws Failure where there is another one
 */
export function putFile(path: string, bytes: Uint8Array): boolean {
  if (existsSync(path)) {
    // The run that wrote it may have ended before this sync.
    syncToDisk(dirname(path))
    if (sha256Of(readFileSync(path)) === sha256Of(bytes)) return false
    throw new Failure(
      `${path} exists already, with other facts, and is not recorded in the database. If an interrupted run has left it, ` +
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
