// A folder for the database files, on a disk: where files live in memory, an fsync costs nothing.
import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The kinds of file system that are memory: tmpfs and ramfs (statfs(2)). */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6]

/** Empty, and the caller's to remove. */
export function scratchOnDisk(): { readonly folder: string; readonly isOnDisk: boolean } {
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-bench-'))
  return { folder, isOnDisk: !IN_MEMORY.includes(statfsSync(folder).type) }
}
