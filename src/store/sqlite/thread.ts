// The thread that owns the connection. A commit waits for the disk, now and then for a tenth of a second; here it holds up those
// who wait for it, and nobody else.
import { parentPort, workerData } from 'node:worker_threads'
import type { Commit } from '../../bandit/store.ts'
import { DatabaseError } from '../database-error.ts'
import { unpackCalls } from './call-packing.ts'
import { Engine } from './engine.ts'
import { packError, packOutcomes, transferred } from './outcome-packing.ts'
import type { Sheet } from './sheet.ts'
import type { FromThread, ThreadData, ToThread } from './wire.ts'

if (parentPort === null) throw new TypeError('This file is the start of a thread')
const port = parentPort

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** The one that what was asked last has shared. */
let commit: Commit | null = null

function openEngine(): Engine | null {
  try {
    const { path, isAlone } = workerData as ThreadData
    return new Engine(path, {
      isAlone,
      onTurn: error => tell({ turn: error === null ? null : packError(error) }),
      onCommit: made => {
        commit = made
      },
    })
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    tell({ refusal: error.message })
    return null
  }
}

function answer(engine: Engine, packed: Sheet): void {
  commit = null
  const calls = unpackCalls(packed)
  const outcomes = packOutcomes(calls, engine.perform(calls))
  tell({ outcomes, commit }, transferred(outcomes))
}

const engine = openEngine()
if (engine !== null) {
  tell('opened')
  port.on('message', (message: ToThread) => {
    if (message !== 'close') return answer(engine, message.calls)
    engine.close()
    port.close()
  })
}
