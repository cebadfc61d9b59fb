// In a thread of its own, so that the attacker's work delays it as little as possible: asks /assign
// again and again over one connection, a new unit each time, and notes the longest wait. What the
// service's threads, and this one, waited for a core meanwhile is taken off: others on the machine
// have that.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { HttpClient } from '../http/client.ts'
import { LONELY } from './experiments.ts'

export interface LonelyInput {
  readonly url: string
  readonly secret: string | null
  /** Of the service. */
  readonly pids: readonly number[]
}

export interface Waits {
  readonly longestMs: number
  readonly assigned: number
}

const PAUSE_MS = 10

const { url, secret, pids } = workerData as LonelyInput
const client = new HttpClient(url, { maxSockets: 1 })
let [number, longestMs, assigned, isOver] = [0, 0, 0, false]
let pending: { readonly since: number; readonly queuedMs: number } | null = null

parentPort?.on('message', (question: 'begin' | 'tell' | 'end') => {
  if (question === 'begin') [longestMs, assigned] = [0, 0]
  if (question === 'end') isOver = true
  const waiting = pending === null ? 0 : waitOf(pending)
  if (question !== 'end') parentPort?.postMessage({ longestMs: Math.max(longestMs, waiting), assigned } satisfies Waits)
})

while (!isOver) {
  pending = { since: performance.now(), queuedMs: queuedMs() }
  if (await assign()) assigned += 1
  longestMs = Math.max(longestMs, waitOf(pending))
  pending = null
  await sleep(PAUSE_MS)
}
client.close()
parentPort?.close()

function waitOf({ since, queuedMs: before }: { since: number; queuedMs: number }): number {
  return Math.max(0, performance.now() - since - (queuedMs() - before))
}

/** How long the threads have been ready and had no core so far, all together. */
function queuedMs(): number {
  const threads = pids.flatMap(pid => readdirSync(`/proc/${pid}/task`).map(thread => `/proc/${pid}/task/${thread}`))
  return ['/proc/thread-self', ...threads].reduce((sum, thread) => sum + queuedMsOf(thread), 0)
}

function queuedMsOf(thread: string): number {
  try {
    return Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    // It has just ended.
    return 0
  }
}

async function assign(): Promise<boolean> {
  const body = JSON.stringify({ experiment: LONELY, unit: `lonely-${process.pid}-${Date.now()}-${number++}` })
  const headers = secret === null ? {} : { Authorization: `Bearer ${secret}` }
  return (await client.send({ method: 'POST', path: '/assign', headers, body }))?.status === 200
}
