// Kills the service, or the backup, while one is made under load; a backup that came to its end is
// restored and compared.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { restore } from '../../src/cli/restore.ts'
import { audit } from './audit.ts'
import type { Mark } from './record.ts'
import { DATABASE, type Scene } from './scene.ts'
import { removeDatabase } from './sqlite.ts'

const PINWHEEL = fileURLToPath(new URL('../../bin/pinwheel.js', import.meta.url))

/** A backup of a small file takes about so long, most of it the reading of what was copied. */
const LONGEST_BACKUP_MS = 60
const LONGEST_START_MS = 10_000

/** Else the service is; then the backup comes to its end. */
const SHARE_OF_KILLED_BACKUPS = 1 / 3

/** Begins a backup while the client is at work, and kills it, or the service by `kill`. */
export async function killAroundBackup(scene: Scene, kill: () => Promise<void>): Promise<void> {
  const { folder, record, chance, site } = scene
  const file = join(folder, 'backup')
  rmSync(file, { force: true })
  const mark = record.mark
  const env = { PATH: process.env.PATH, DATABASE_URL: site.urlOf(DATABASE) }
  const backup = spawn(process.execPath, [PINWHEEL, 'backup', file], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = text(backup.stderr)
  await begun(backup, file)
  await sleep(chance() * LONGEST_BACKUP_MS)
  const isBackupKilled = chance() < SHARE_OF_KILLED_BACKUPS
  if (isBackupKilled) backup.kill('SIGKILL')
  else await kill()
  const told = await ended
  if (backup.exitCode === null && backup.signalCode === null) await new Promise(resolve => backup.once('exit', resolve))
  const { exitCode } = backup
  const isThere = existsSync(file)
  if (!isBackupKilled && exitCode !== 0)
    record.lose(`a backup ended with ${exitCode} when the service was killed: ${told.trim()}`)
  if (exitCode === 0 && !isThere) record.lose('a backup came to its end, and there is no file')
  for (const part of partsOf(file)) rmSync(join(folder, part), { recursive: true })
  if (isThere) await compare(scene, file, mark)
}

async function compare(scene: Scene, file: string, mark: Mark): Promise<void> {
  const copy = `${file}.restored`
  await restore({ file, databasePath: copy, now: Date.now() })
  const losses = await audit(`sqlite:${copy}`, scene.record, mark)
  scene.record.lose(...losses.map(loss => `in a backup: ${loss}`))
  removeDatabase(copy)
  scene.backups += 1
}

/** Resolves when it copies, or is over. */
async function begun(backup: ChildProcess, file: string): Promise<void> {
  const until = performance.now() + LONGEST_START_MS
  while (partsOf(file).length === 0 && backup.exitCode === null && performance.now() < until) await sleep(1)
}

/** What a backup that is under way has, or one that was killed has left. */
function partsOf(file: string): string[] {
  return readdirSync(dirname(file)).filter(name => name.startsWith(`${basename(file)}.part-`))
}
