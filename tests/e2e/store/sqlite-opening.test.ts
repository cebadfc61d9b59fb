// Several processes that open a new file at the same moment, as the workers of a service do.
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { scratchFolder } from '../../support/scratch.ts'

const ROUNDS = 4
const PROCESSES = 4
const STARTUP_MS = 1_500

const OPEN = `
  const { openStore } = await import(process.argv[1])
  while (Date.now() < Number(process.argv[3])) {}
  const store = await openStore('sqlite:' + process.argv[2], { isServed: true })
  await store.ping()
  await store.close()
`

it('openSqlite() opens a new file in each of several processes at once', async () => {
  const source = new URL('../../../src/store/open.ts', import.meta.url).href
  for (let round = 0; round < ROUNDS; round++) {
    const folder = scratchFolder()
    const args = ['--input-type=module', '-e', OPEN, source, join(folder, 'new.db'), String(Date.now() + STARTUP_MS)]
    const opened = Array.from({ length: PROCESSES }, () => promisify(execFile)(process.execPath, args))
    for (const result of await Promise.allSettled(opened)) expect(result.status, String(result)).toBe('fulfilled')
    rmSync(folder, { recursive: true })
  }
}, 60_000)
