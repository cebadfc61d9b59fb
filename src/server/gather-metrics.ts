// One address, several workers, one answer to /metrics: the worker that is asked asks the others,
// through the process that started them. That process remembers what each told last, so that no
// counter falls when a worker ends, and none waits long for one that hangs.
import cluster, { type Worker } from 'node:cluster'
import type { Family } from '../http/metrics/exposition.ts'
import { mergeFamilies } from '../http/metrics/merge-families.ts'

/**
 * From a worker: its own metrics, to be told those of the others; or its own, because it was asked
 * for them.
 */
type FromWorker = { readonly kind: 'gather' | 'told'; readonly gathering: number; readonly families: Family[] }
type ToWorker =
  | { readonly kind: 'tell'; readonly gathering: number }
  | { readonly kind: 'gathered'; readonly gathering: number; readonly families: Family[] }

/** A worker that is busy for longer counts with what it told last. */
const PATIENCE_MS = 1_000

/** In the process that starts the workers. */
export function passMetricsOn(): void {
  // What has been measured of nothing is NaN, which JSON does not know.
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
        const told = worker === asker ? null : await ask(worker, round)
        if (told !== null && !worker.isDead()) latest.set(worker.id, told)
      }),
    )
    const known = [...latest].flatMap(([id, told]) => (id === asker.id ? [] : [told]))
    send(asker, { kind: 'gathered', gathering, families: mergeFamilies(...known, ended) })
  })
}

/** Null when it does not answer in time, or ends. */
function ask(worker: Worker, gathering: number): Promise<Family[] | null> {
  return new Promise(resolve => {
    const finish = (families: Family[] | null) => {
      clearTimeout(timer)
      worker.off('message', hear).off('exit', leave)
      resolve(families)
    }
    const hear = (message: FromWorker) => {
      if (message.kind === 'told' && message.gathering === gathering) finish(message.families)
    }
    const leave = () => finish(null)
    const timer = setTimeout(leave, PATIENCE_MS)
    worker.on('message', hear).once('exit', leave)
    send(worker, { kind: 'tell', gathering })
  })
}

/** One that has just ended needs no answer. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {})
}

/**
 * In a worker, whose own metrics `own` tells: answers how to hear those of all. A process without
 * others hears its own.
 */
export function gatherMetrics(own: () => Promise<Family[]>): () => Promise<Family[]> {
  if (cluster.worker === undefined) return own
  const { worker } = cluster
  const waiting = new Map<number, (others: Family[]) => void>()
  let gatherings = 0
  worker.on('message', async (message: ToWorker) => {
    const { kind, gathering } = message
    if (kind === 'tell') tell({ kind: 'told', gathering, families: await own() })
    if (kind === 'gathered') waiting.get(gathering)?.(message.families)
  })
  const tell = (message: FromWorker) => void (worker.isConnected() && worker.send(message, () => {}))
  return async () => {
    const families = await own()
    const gathering = ++gatherings
    // Its own alone would look as if the counters had fallen: better no answer. When the process
    // between is gone this one ends.
    const others = await new Promise<Family[]>(resolve => {
      waiting.set(gathering, resolve)
      tell({ kind: 'gather', gathering, families })
    })
    waiting.delete(gathering)
    return mergeFamilies(families, others)
  }
}
