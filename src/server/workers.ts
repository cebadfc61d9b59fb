// Several processes that serve one address and one store, and the parent process that restarts
// them.
import cluster, { type Worker } from 'node:cluster'
import { claimStore } from '../store/open.ts'
import type { Config } from './config.ts'
import { passMetricsOn } from './gather-metrics.ts'
import type { Logger } from './log.ts'
import { passTakenOn } from './share-rates.ts'
import { onceAskedToStop } from './signals.ts'
import { printStartupMessage } from './startup-message.ts'

/** A worker that ends by itself is replaced after this time. */
const RESTART_MS = 1_000

/**
 * Starts `config.workers` processes, and another for each that ends. A worker that cannot start
 * reports why, and ends all.
 *
 * @throws DatabaseError when another service has the store
 */
export function supervise(config: Config, log: Logger): void {
  const release = claimStore(config.databaseUrl)
  const listening = new Set<Worker>()
  let isStopping = false
  let isAnnounced = false

  const stop = async () => {
    isStopping = true
    const workers = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    const ended = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)))
    for (const worker of workers) worker.process.kill('SIGTERM')
    await Promise.all(ended)
    release()
  }

  cluster.on('listening', (worker, { port }) => {
    listening.add(worker)
    if (isAnnounced || listening.size < config.workers) return
    isAnnounced = true
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
