// Messages between the workers of one address and the process that started them.
import cluster, { type Worker } from 'node:cluster'

/** In the process that starts them: those that there are now. */
export function currentWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
}

/** To a worker, or from one to the process that started it; no error where that has ended. */
export function send(worker: Worker, message: object): void {
  if (worker.isConnected()) worker.send(message, () => {})
}
