// Which database a command works on.
import { existsSync } from 'node:fs'
import { databaseUrlIn } from '../../server/config.ts'
import { Failure } from '../terminal/failure.ts'

/** What DATABASE_URL names, in the environment or in `.env`. */
export function configuredUrl(): string {
  if (existsSync('.env')) process.loadEnvFile()
  return databaseUrlIn(process.env)
}

/** The same. @throws Failure where it is a file that does not exist */
export function existingUrl(): string {
  const url = configuredUrl()
  const path = pathIn(url)
  if (path === undefined || existsSync(path)) return url
  throw new Failure(`There is no database ${url}: there is no such file; DATABASE_URL names it`)
}

/** The file that DATABASE_URL names. @throws Failure where it names no file */
export function databasePath(): string {
  const path = pathIn(configuredUrl())
  if (path !== undefined && path !== ':memory:') return path
  throw new Failure('Only a SQLite file can be backed up and restored here, and DATABASE_URL names none')
}

function pathIn(url: string): string | undefined {
  return /^sqlite:(.+)$/.exec(url)?.[1]
}
