// Several processes that serve one address and one store, and the one that keeps them going.
import cluster, { type Worker } from 'node:cluster'
import { claimStore } from '../store/open.ts'
import type { Config } from './config.ts'
import { passMetricsOn } from './gather-metrics.ts'
import type { Logger } from './log.ts'
import { passTakenOn } from './share-rates.ts'
import { onceAskedToStop } from './signals.ts'
import { printStartupMessage } from './startup-message.ts'

/** One that ends by itself is followed by another so much later. */
const RESTART_MS = 1_000

/**
 * Starts `config.workers` processes, and another for each that ends. One that cannot even start
 * says why, and ends all.
 *
 * @throws DatabaseError when another service has the store
 */
export function supervise(config: Config, log: Logger): void {
  const release = claimStore(config.databaseUrl)
  const listening = new Set<Worker>()
  let isStopping = false
  let isTold = false

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
    if (isTold || listening.size < config.workers) return
    isTold = true
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
