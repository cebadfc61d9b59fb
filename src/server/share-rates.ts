// One rate a key over all workers of an address. Ten times a second each worker sends the tokens
// that it took, through the process that started them, to the others, whose buckets then lend them.
// Only requests within a tenth of a second may find more than one bucket full.
import cluster, { type Worker } from 'node:cluster'
import type { Keyring } from '../access/keyring.ts'
import { repeat } from './jobs/run-periodically.ts'
import { currentWorkers, send } from './worker-messages.ts'

const TICK_MS = 100

interface Taken {
  readonly kind: 'taken'
  readonly tokens: ReturnType<Keyring['collectTaken']>
}

/** In the process that starts the workers. */
export function passTakenOn(): void {
  cluster.on('message', (sender: Worker, message: Taken) => {
    if (message.kind !== 'taken') return
    for (const worker of currentWorkers()) if (worker !== sender) send(worker, message)
  })
}

/** In a worker, or in a process without others. Returns how to stop. */
export function shareRates(keyring: Keyring): () => Promise<void> {
  if (cluster.worker === undefined) return async () => {}
  const { worker } = cluster
  worker.on('message', (message: Taken) => {
    if (message.kind === 'taken') keyring.takeForOthers(message.tokens, Date.now())
  })
  const sharing = repeat(TICK_MS, async () => {
    const tokens = keyring.collectTaken()
    if (tokens.length > 0) send(worker, { kind: 'taken', tokens } satisfies Taken)
  })
  return sharing.stop
}
