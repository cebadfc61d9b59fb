// One address, several workers, one rate a key: each worker grants its tokens at once, and reports
// ten times a second to the others, through the parent process, how many it granted. They subtract
// these from their own buckets. So a key has its rate whichever workers its requests reach; only
// requests within a tenth of a second may find more than one bucket full.
import cluster, { type Worker } from 'node:cluster'
import type { Keyring } from '../access/keyring.ts'
import { repeat } from './jobs/run-periodically.ts'

const TICK_MS = 100

interface Taken {
  readonly kind: 'taken'
  readonly tokens: ReturnType<Keyring['collectTaken']>
}

/** In the process that starts the workers. */
export function passTakenOn(): void {
  cluster.on('message', (sender: Worker, message: Taken) => {
    if (message.kind !== 'taken') return
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker !== undefined && worker !== sender && worker.isConnected()) worker.send(message, () => {})
    }
  })
}

/** In a worker. Returns a function that stops it. A process without others does nothing. */
export function shareRates(keyring: Keyring): () => Promise<void> {
  if (cluster.worker === undefined) return async () => {}
  const { worker } = cluster
  worker.on('message', (message: Taken) => {
    if (message.kind === 'taken') keyring.takeForOthers(message.tokens, Date.now())
  })
  return repeat(TICK_MS, async () => {
    const tokens = keyring.collectTaken()
    if (tokens.length > 0 && worker.isConnected()) worker.send({ kind: 'taken', tokens } satisfies Taken, () => {})
  })
}
