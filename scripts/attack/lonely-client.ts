// In a thread of its own, so that the attacker's work delays it as little as possible: asks /assign again and again over one
// connection, a new unit each time, and notes the longest wait.
import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { LONELY } from './experiments.ts'

export interface LonelyInput {
  readonly url: string
  readonly secret: string | null
}

export interface Waits {
  readonly longestMs: number
  readonly assigned: number
}

const PAUSE_MS = 10
/** Whoever has waited for so long has waited too long. */
const PATIENCE_MS = 30_000

const { url, secret } = workerData as LonelyInput
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let [number, longestMs, assigned, isOver] = [0, 0, 0, false]
let pendingSince: number | null = null

parentPort?.on('message', (question: 'begin' | 'tell' | 'end') => {
  if (question === 'begin') [longestMs, assigned] = [0, 0]
  if (question === 'end') isOver = true
  const waiting = pendingSince === null ? 0 : performance.now() - pendingSince
  if (question !== 'end') parentPort?.postMessage({ longestMs: Math.max(longestMs, waiting), assigned } satisfies Waits)
})

while (!isOver) {
  pendingSince = performance.now()
  if (await assign()) assigned += 1
  longestMs = Math.max(longestMs, performance.now() - pendingSince)
  pendingSince = null
  await sleep(PAUSE_MS)
}
agent.destroy()
parentPort?.close()

function assign(): Promise<boolean> {
  const body = JSON.stringify({ experiment: LONELY, unit: `lonely-${process.pid}-${Date.now()}-${number++}` })
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...(secret !== null && { Authorization: `Bearer ${secret}` }),
  }
  return new Promise(resolve => {
    const request = httpRequest(`${url}/assign`, { method: 'POST', headers, agent, timeout: PATIENCE_MS }, response => {
      response.resume().once('close', () => resolve(response.complete && response.statusCode === 200))
    })
    request.once('timeout', () => request.destroy()).once('error', () => resolve(false))
    request.end(body)
  })
}
