// One answer to /metrics for all workers of an address: the worker that has the request asks the
// others, through the process that started them. That process keeps the last answer of each, so
// that no counter falls when a worker ends, and no request waits long for one that is busy.
import cluster, { type Worker } from 'node:cluster'
import type { Family } from '../http/metrics/exposition.ts'
import { mergeFamilies } from '../http/metrics/merge-families.ts'
import { currentWorkers, send } from './worker-messages.ts'

/** `gather`: its own metrics, with the request for those of the others. `own`: an answer. */
type FromWorker = { readonly kind: 'gather' | 'own'; readonly gathering: number; readonly families: Family[] }
/** `ask`: the request for its own. `others`: the answer to `gather`. */
type ToWorker =
  | { readonly kind: 'ask'; readonly gathering: number }
  | { readonly kind: 'others'; readonly gathering: number; readonly families: Family[] }

/** After this the last answer of a worker counts. */
const TIMEOUT_MS = 1_000

/** In the process that starts the workers. */
export function passMetricsOn(): void {
  // JSON has no NaN, which is the mean of no measurements.
  cluster.setupPrimary({ serialization: 'advanced' })
  const latest = new Map<number, Family[]>()
  let ended: Family[] = []
  let gatherings = 0
  cluster.on('exit', ({ id }) => {
    ended = mergeFamilies(ended, latest.get(id)?.filter(({ type }) => type !== 'gauge') ?? [])
    latest.delete(id)
  })
  cluster.on('message', async (asker: Worker, { kind, gathering, families }: FromWorker) => {
    if (kind !== 'gather') return
    latest.set(asker.id, families)
    const round = ++gatherings
    const others = currentWorkers().filter(worker => worker !== asker)
    await Promise.all(
      others.map(async worker => {
        const answer = await ask(worker, round)
        if (answer !== null && !worker.isDead()) latest.set(worker.id, answer)
      }),
    )
    const known = [...latest].flatMap(([id, own]) => (id === asker.id ? [] : [own]))
    send(asker, { kind: 'others', gathering, families: mergeFamilies(...known, ended) } satisfies ToWorker)
  })
}

/** Null when it does not answer in time, or ends. */
function ask(worker: Worker, gathering: number): Promise<Family[] | null> {
  return new Promise(resolve => {
    const finish = (families: Family[] | null) => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit)
      resolve(families)
    }
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'own' && message.gathering === gathering) finish(message.families)
    }
    const onExit = () => finish(null)
    const timer = setTimeout(onExit, TIMEOUT_MS)
    worker.on('message', onMessage).once('exit', onExit)
    send(worker, { kind: 'ask', gathering } satisfies ToWorker)
  })
}

/** The metrics of all workers, or of this process where it is the only one. */
export function gatherMetrics(own: () => Promise<Family[]>): () => Promise<Family[]> {
  if (cluster.worker === undefined) return own
  const { worker } = cluster
  const waiting = new Map<number, (others: Family[]) => void>()
  let gatherings = 0
  worker.on('message', async (message: ToWorker) => {
    const { kind, gathering } = message
    if (kind === 'ask') send(worker, { kind: 'own', gathering, families: await own() } satisfies FromWorker)
    if (kind === 'others') waiting.get(gathering)?.(message.families)
  })
  return async () => {
    const families = await own()
    const gathering = ++gatherings
    // Without a timeout: its own metrics alone would look like counters that fell. It ends with the
    // process that started it.
    const others = await new Promise<Family[]>(resolve => {
      waiting.set(gathering, resolve)
      send(worker, { kind: 'gather', gathering, families } satisfies FromWorker)
    })
    waiting.delete(gathering)
    return mergeFamilies(families, others)
  }
}
