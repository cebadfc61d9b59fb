// Kills the service, or the backup, while one is made under load; a backup that came to its end is
// restored and compared.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { restore } from '../../../src/cli/restore.ts'
import type { Chance } from '../../../src/stats/numerics/chance.ts'
import { audit } from '../audit.ts'
import type { Load } from '../load.ts'
import type { ClientRecord } from '../record.ts'
import { onFile } from '../service-process.ts'
import { withService } from '../session.ts'
import { removeDatabase } from './remove-database.ts'

const PINWHEEL = fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url))

/** A backup of a small file takes about so long, most of it the reading of what was copied. */
const LONGEST_BACKUP_MS = 60
const LONGEST_START_MS = 10_000

/** Else the service is; then the backup comes to its end. */
const SHARE_OF_KILLED_BACKUPS = 1 / 3

/** Answers how many backups came to their end: one or none. */
export async function killAroundBackup(
  databasePath: string,
  load: Load,
  record: ClientRecord,
  chance: Chance,
): Promise<number> {
  const file = `${databasePath}.backup`
  rmSync(file, { force: true })
  const isBackupKilled = chance() < SHARE_OF_KILLED_BACKUPS
  const { mark, exitCode, told } = await withService(onFile(databasePath), async (service, connection) => {
    const working = load.run(connection)
    await sleep(chance() * LONGEST_BACKUP_MS)
    const mark = record.mark
    const backup = spawn(process.execPath, [PINWHEEL, 'backup', file], {
      cwd: dirname(databasePath),
      env: { PATH: process.env.PATH, DATABASE_URL: `sqlite:${databasePath}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = endOf(backup)
    await begun(backup, file)
    await sleep(chance() * LONGEST_BACKUP_MS)
    if (isBackupKilled) backup.kill('SIGKILL')
    else await service.kill()
    const { exitCode, told } = await ended
    load.end()
    await Promise.all([service.kill(), working])
    return { mark, exitCode, told }
  })
  const isThere = existsSync(file)
  if (!isBackupKilled && exitCode !== 0)
    record.lose(`a backup ended with ${exitCode} when the service was killed: ${told}`)
  if (exitCode === 0 && !isThere) record.lose('a backup came to its end, and there is no file')
  removeParts(file)
  if (!isThere) return 0
  const copy = `${databasePath}.restored`
  await restore({ file, databasePath: copy, now: Date.now() })
  const losses = await audit(`sqlite:${copy}`, record, mark)
  record.lose(...losses.map(loss => `in a backup: ${loss}`))
  removeDatabase(copy)
  return 1
}

/** Resolves when it copies, or is over. */
async function begun(backup: ChildProcess, file: string): Promise<void> {
  const until = performance.now() + LONGEST_START_MS
  while (partsOf(file).length === 0 && backup.exitCode === null && performance.now() < until) await sleep(1)
}

async function endOf(backup: ChildProcess): Promise<{ exitCode: number | null; told: string }> {
  let told = ''
  backup.stderr?.on('data', chunk => {
    told += chunk
  })
  await once(backup, 'close')
  return { exitCode: backup.exitCode, told: told.trim() }
}

/** What a backup that was killed has left. */
function removeParts(file: string): void {
  for (const part of partsOf(file)) rmSync(join(dirname(file), part), { recursive: true })
}

function partsOf(file: string): string[] {
  return readdirSync(dirname(file)).filter(name => name.startsWith(`${basename(file)}.part-`))
}
