// A file of SQLite's, with one process of the service on it, which alone is killed.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FILES } from '../../src/store/sqlite/database.ts'
import type { Site } from './site.ts'

const MOMENTS = {
  'under load': 36,
  'while it started': 10,
  'while it migrated': 6,
  'around a change': 20,
  'around a refresh': 16,
  'around a backup': 12,
}

/** Databases are files in `folder`. */
export function sqliteSite(folder: string): Site {
  const pathOf = (database: string) => join(folder, `${database}.db`)
  return {
    victims: ['service'],
    moments: MOMENTS,
    aim: { change: 8, refresh: 20, migration: 20 },
    replicas: 1,
    graceMs: 0,
    urlOf: database => `sqlite:${pathOf(database)}`,
    create: async () => {},
    drop: async database => removeDatabase(pathOf(database)),
    isInUse: async database => existsSync(pathOf(database)),
    kill: async () => {},
    recover: async () => {},
    stop: async () => {},
  }
}

/** Removes the file and what stands beside it; what is not there need not be. */
export function removeDatabase(path: string): void {
  for (const suffix of FILES) rmSync(path + suffix, { force: true })
}
