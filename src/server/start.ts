// One process, or several that share an address and a store.
import cluster from 'node:cluster'
import { existsSync } from 'node:fs'
import { DatabaseError } from '../store/database-error.ts'
import { ConfigError, readConfig } from './config.ts'
import { createLog } from './log.ts'

/** Resolves when the service listens, or has printed on stderr why it does not. */
export async function start(): Promise<void> {
  try {
    if (existsSync('.env')) process.loadEnvFile()
    const config = readConfig(process.env)
    const log = createLog(config.logLevel)
    if (config.workers > 1 && cluster.isPrimary) (await import('./workers.ts')).supervise(config, log)
    else await (await import('./serve.ts')).serve(config, log)
  } catch (error) {
    // An error in the code keeps its stack.
    const isExpected = error instanceof ConfigError || error instanceof DatabaseError
    process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`)
    process.exitCode = 1
    cluster.worker?.disconnect()
  }
}
