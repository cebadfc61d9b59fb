// What cannot be synced is not believed to be on the disk.
import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** How a process ends whose checkpoint fails with a code. */
function endAfter(code: string): { readonly signal: string | null; readonly told: string } {
  const program = `
    import Database from 'better-sqlite3'
    import { copyPages } from './src/store/sqlite/wal.ts'
    const pragma = () => { throw new Database.SqliteError('disk I/O error', '${code}') }
    try { copyPages({ name: 'pinwheel.db', pragma }) } catch (error) { console.error('thrown', error.code) }
    setTimeout(() => console.error('alive'), 50)`
  const cwd = new URL('../..', import.meta.url)
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd })
  return { signal, told: String(stderr) }
}

it('a sync that fails ends the process at once, without closing the database, and says why', () => {
  const { signal, told } = endAfter('SQLITE_IOERR_FSYNC')
  expect(signal).toBe('SIGKILL')
  expect(told).toContain('pinwheel.db could not be synced (disk I/O error)')
  expect(told).not.toContain('alive')
})

it('a write that fails is tried again by the next checkpoint', () => {
  const { signal, told } = endAfter('SQLITE_IOERR_WRITE')
  expect(signal).toBeNull()
  expect(told).toBe('thrown SQLITE_IOERR_WRITE\nalive\n')
})
