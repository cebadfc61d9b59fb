// One process, or several that share an address and a store.
import cluster from 'node:cluster'
import { DatabaseError } from '../store/database-error.ts'
import { ConfigError, readConfig } from './config.ts'
import { createLog } from './log.ts'

/** Resolves when the service listens, or has printed on stderr why it does not. */
export async function start(): Promise<void> {
  try {
    loadEnvFile()
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

function loadEnvFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    // The file is optional.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
