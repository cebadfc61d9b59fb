// A folder for one test. In memory where the system has such a place: every commit is synced, and
// on a busy disk that would be most of the time that the tests take.
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'

/** Empty, and the caller's to remove. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'pinwheel-'))
}
