// Which database a script works on.
import { existsSync } from 'node:fs'
import { readConfig } from '../../server/config.ts'
import { Failure } from './failure.ts'

/**
 * What DATABASE_URL names, in the environment or in `.env`. @throws Failure where it is a file that
 * is not there
 */
export function databaseUrl(): string {
  if (existsSync('.env')) process.loadEnvFile()
  const { databaseUrl } = readConfig({ ...process.env, HOST: '127.0.0.1' })
  const path = /^sqlite:(.+)$/.exec(databaseUrl)?.[1]
  if (path === undefined || existsSync(path)) return databaseUrl
  throw new Failure(`There is no database ${databaseUrl}: there is no such file; DATABASE_URL names it`)
}
