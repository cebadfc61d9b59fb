// The thread that owns the connection. A commit waits for the disk, now and then for a tenth of a second; here it holds up those
// who wait for it, and nobody else.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { DatabaseError } from '../database-error.ts'
import { Engine } from './engine.ts'
import type { Call } from './sentences.ts'
import { type FromThread, packError, packOutcome, type ToThread, transferred } from './wire.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

function openEngine(): Engine | null {
  try {
    return new Engine(workerData as string, error => tell({ turn: error === null ? null : packError(error) }))
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    tell({ refusal: error.message })
    return null
  }
}

/** What has come in the meantime shares the commit. */
function* messagesFrom(first: ToThread): Generator<ToThread> {
  yield first
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) yield next.message
}

function answer(engine: Engine, calls: readonly Call[]): void {
  if (calls.length === 0) return
  const outcomes = engine.perform(calls).map((outcome, position) => packOutcome(calls[position] as Call, outcome))
  tell({ outcomes }, transferred(outcomes))
}

const engine = openEngine()
if (engine !== null) {
  tell('opened')
  port.on('message', (first: ToThread) => {
    const messages = [...messagesFrom(first)]
    answer(
      engine,
      messages.flatMap(message => (message === 'close' ? [] : message.calls)),
    )
    if (!messages.includes('close')) return
    engine.close()
    port.close()
  })
}
