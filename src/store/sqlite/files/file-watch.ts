// Whether the files that a service has open are still the ones at their paths. The database file is
// never opened here: to close it again would drop the locks that SQLite has on it in this process.
import type { Stats } from 'node:fs'
import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { WalSync } from './wal-sync.ts'

const HEADER_BYTES = 32
const FRAME_BYTES = 4_096 + 24

export interface WatchedFiles {
  readonly path: string
  readonly wal: WalSync
  /** How many frames the log has. */
  readonly frames: () => number
}

export class FileWatch {
  readonly #files: WatchedFiles
  readonly #opened: Stats

  constructor(files: WatchedFiles) {
    this.#files = files
    this.#opened = statSync(files.path)
  }

  /** What is wrong, in a command; null: nothing. */
  async findFault(): Promise<string | null> {
    const { path, wal, frames } = this.#files
    const [file, log] = await Promise.all([statOf(path), statOf(`${path}-wal`)])
    if (file === null) return `${path} was removed or renamed while the service uses it`
    if (!isSame(file, this.#opened)) return `${path} was replaced while the service uses it`
    if (log === null) return `${path}-wal was removed while the service uses it`
    if (!isSame(log, wal.stat())) return `${path}-wal was replaced while the service uses it`
    const needed = frames()
    if (needed === 0 || wal.stat().size >= HEADER_BYTES + needed * FRAME_BYTES) return null
    // A checkpoint may have begun the log anew between the two looks.
    if (frames() !== needed) return null
    return `${path}-wal was cut short while the service uses it`
  }
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
