// A SQLite file that was migrated and not used: a copy of it opens sooner than a new one.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/store/open.ts'
import { scratchFolder } from './scratch.ts'

let made: Promise<Buffer> | null = null

/** Its bytes; made once a test file. */
export function blankDatabase(): Promise<Buffer> {
  made ??= makeBlank()
  return made
}

async function makeBlank(): Promise<Buffer> {
  const folder = scratchFolder()
  const path = join(folder, 'pinwheel.db')
  await (await openStore(`sqlite:${path}`)).close()
  const bytes = readFileSync(path)
  rmSync(folder, { recursive: true, force: true })
  return bytes
}
