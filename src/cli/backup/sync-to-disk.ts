// What was written, and what was renamed, has reached the disk when these return.
import { closeSync, fsyncSync, openSync } from 'node:fs'

/** A file's bytes; a folder's names. */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
