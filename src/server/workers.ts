// The process that starts the workers of one address and one store, and replaces those that end.
import cluster, { type Worker } from 'node:cluster'
import { claimStore } from '../store/open.ts'
import type { Config } from './config.ts'
import { passMetricsOn } from './gather-metrics.ts'
import { onceAskedToStop, printStartupMessage } from './lifetime.ts'
import type { Logger } from './log.ts'
import { passTakenOn } from './share-rates.ts'
import { currentWorkers } from './worker-messages.ts'

/** From the end of a worker to the start of the next one. */
const RESTART_MS = 1_000

/**
 * Starts `config.workers` processes, and another for each that ends. One that cannot start prints
 * the reason, and all end.
 *
 * @throws DatabaseError when another service has the store
 */
export function supervise(config: Config, log: Logger): void {
  const release = claimStore(config.databaseUrl)
  const listening = new Set<Worker>()
  let isStopping = false
  let isStarted = false

  const stop = async () => {
    isStopping = true
    const workers = currentWorkers()
    const ended = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)))
    for (const worker of workers) worker.process.kill('SIGTERM')
    await Promise.all(ended)
    release()
  }

  cluster.on('listening', (worker, { port }) => {
    listening.add(worker)
    if (isStarted || listening.size < config.workers) return
    isStarted = true
    printStartupMessage(config, port)
  })
  cluster.on('exit', (worker, exitCode, signal) => {
    if (isStopping) return
    if (listening.delete(worker)) {
      log.error({ pid: worker.process.pid, exitCode, signal }, 'a worker ended; another one is started')
      setTimeout(() => isStopping || cluster.fork(), RESTART_MS)
      return
    }
    process.exitCode = 1
    stop()
  })
  onceAskedToStop(stop)
  passMetricsOn()
  passTakenOn()
  for (let number = 0; number < config.workers; number++) cluster.fork()
}
