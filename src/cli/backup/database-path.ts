// Which database a script works on.
import { existsSync } from 'node:fs'
import { readConfig } from '../../server/config.ts'
import { Failure } from '../terminal/failure.ts'

/**
 * The file that DATABASE_URL names, in the environment or in `.env`. @throws Failure where it names
 * no file
 */
export function databasePath(): string {
  if (existsSync('.env')) process.loadEnvFile()
  const { databaseUrl } = readConfig({ ...process.env, HOST: '127.0.0.1' })
  const path = /^sqlite:(.+)$/.exec(databaseUrl)?.[1]
  if (path !== undefined && path !== ':memory:') return path
  throw new Failure(`Only a SQLite file can be backed up and restored here, and DATABASE_URL names none`)
}
