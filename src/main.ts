// Starts the service: one process, or several that share an address and a store.
import cluster from 'node:cluster'
import { enableCompileCache } from 'node:module'
import { ConfigError, readConfig } from './config.ts'
import { createLog } from './log.ts'
import { DatabaseError } from './store/database-error.ts'

// The next start finds what this one compiled; so the rest is imported only now.
enableCompileCache()

try {
  process.loadEnvFile()
} catch (error) {
  // A .env file is a convenience; one that is there must be read.
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

try {
  const config = readConfig(process.env)
  const log = createLog(config.logLevel)
  if (config.workers > 1 && cluster.isPrimary) (await import('./supervise.ts')).supervise(config, log)
  else await (await import('./serve.ts')).serve(config, log)
} catch (error) {
  // What a person at a terminal can mend is told in a sentence; the rest with its stack.
  const isExpected = error instanceof ConfigError || error instanceof DatabaseError
  process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
  cluster.worker?.disconnect()
}
