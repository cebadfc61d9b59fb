// Files beyond what their paths and contents are: on the disk, and the same file by two paths.
import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

/** Returns when a file's bytes, or a folder's names, are on the disk. */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether two paths lead to one file, through whatever links. */
export function isSameFile(one: string, other: string): boolean {
  if (resolve(one) === resolve(other)) return true
  if (!existsSync(one) || !existsSync(other)) return false
  const [first, second] = [statSync(one), statSync(other)]
  return first.dev === second.dev && first.ino === second.ino
}
