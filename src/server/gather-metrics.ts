// One address, several workers, one answer to /metrics: the worker that receives the request asks
// the others, through the parent process. The parent keeps the last values of each worker, so that
// no counter decreases when a worker ends, and none waits long for one that hangs.
import cluster, { type Worker } from 'node:cluster'
import type { Family } from '../http/metrics/exposition.ts'
import { mergeFamilies } from '../http/metrics/merge-families.ts'

/**
 * From a worker: its own metrics, with a request for those of the others (`gather`), or in reply to
 * the parent (`reported`).
 */
type FromWorker = { readonly kind: 'gather' | 'reported'; readonly gathering: number; readonly families: Family[] }
type ToWorker =
  | { readonly kind: 'report'; readonly gathering: number }
  | { readonly kind: 'gathered'; readonly gathering: number; readonly families: Family[] }

/** A worker that is busy for longer counts with its last values. */
const PATIENCE_MS = 1_000

/** In the process that starts the workers. */
export function passMetricsOn(): void {
  // A measurement without values is NaN, which JSON does not have.
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
    const others = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    await Promise.all(
      others.map(async worker => {
        const reported = worker === asker ? null : await ask(worker, round)
        if (reported !== null && !worker.isDead()) latest.set(worker.id, reported)
      }),
    )
    const latestOfOthers = [...latest].flatMap(([id, reported]) => (id === asker.id ? [] : [reported]))
    send(asker, { kind: 'gathered', gathering, families: mergeFamilies(...latestOfOthers, ended) })
  })
}

/** Null when it does not answer in time, or ends. */
function ask(worker: Worker, gathering: number): Promise<Family[] | null> {
  return new Promise(resolve => {
    const finish = (families: Family[] | null) => {
      clearTimeout(timer)
      worker.off('message', receive).off('exit', leave)
      resolve(families)
    }
    const receive = (message: FromWorker) => {
      if (message.kind === 'reported' && message.gathering === gathering) finish(message.families)
    }
    const leave = () => finish(null)
    const timer = setTimeout(leave, PATIENCE_MS)
    worker.on('message', receive).once('exit', leave)
    send(worker, { kind: 'report', gathering })
  })
}

/** A worker that has just ended needs no answer. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {})
}

/**
 * In a worker, whose own metrics `own` returns: returns a function that collects those of all. In a
 * process without others it returns `own`.
 */
export function gatherMetrics(own: () => Promise<Family[]>): () => Promise<Family[]> {
  if (cluster.worker === undefined) return own
  const { worker } = cluster
  const waiting = new Map<number, (others: Family[]) => void>()
  let gatherings = 0
  worker.on('message', async (message: ToWorker) => {
    const { kind, gathering } = message
    if (kind === 'report') reply({ kind: 'reported', gathering, families: await own() })
    if (kind === 'gathered') waiting.get(gathering)?.(message.families)
  })
  const reply = (message: FromWorker) => void (worker.isConnected() && worker.send(message, () => {}))
  return async () => {
    const families = await own()
    const gathering = ++gatherings
    // Its own values alone would look as if the counters had decreased, so it waits for the others.
    // If the parent process ends, this one ends too.
    const others = await new Promise<Family[]>(resolve => {
      waiting.set(gathering, resolve)
      reply({ kind: 'gather', gathering, families })
    })
    waiting.delete(gathering)
    return mergeFamilies(families, others)
  }
}
