// An engine on a thread of its own, as this thread sees it.
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { Store } from '../../bandit/store.ts'
import { DatabaseError } from '../database-error.ts'
import type { OnCommit, OnTurn } from '../hearers.ts'
import type { Call, Outcome } from '../sentences.ts'
import { audit } from './audit.ts'
import { packCalls } from './call-packing.ts'
import { settleDatabase } from './database.ts'
import { unpackError, unpackOutcomes } from './outcome-packing.ts'
import type { FromThread, ThreadData, ToThread } from './wire.ts'

export class ThreadedEngine {
  readonly #path: string
  readonly #thread: Worker
  readonly #ended: Promise<void>
  readonly #onTurn: OnTurn
  readonly #onCommit: OnCommit
  #underWay: { readonly calls: readonly Call[]; readonly resolve: (outcomes: Outcome[]) => void } | null = null

  /** @throws DatabaseError */
  static async open(data: ThreadData, onTurn: OnTurn, onCommit: OnCommit): Promise<ThreadedEngine> {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), { workerData: data, name: 'store' })
    const first = await new Promise<FromThread>((resolve, reject) => {
      thread.once('message', resolve).once('error', reject)
    })
    if (typeof first === 'object' && 'refusal' in first) throw new DatabaseError(first.refusal)
    thread.removeAllListeners('error')
    return new ThreadedEngine(data.path, thread, onTurn, onCommit)
  }

  /** An error that the thread did not expect is not caught here: it ends the process, and what was acknowledged is on disk. */
  private constructor(path: string, thread: Worker, onTurn: OnTurn, onCommit: OnCommit) {
    this.#path = path
    this.#thread = thread
    this.#onTurn = onTurn
    this.#onCommit = onCommit
    this.#ended = new Promise(resolve => thread.once('exit', () => resolve()))
    thread.on('message', (message: FromThread) => this.#hear(message))
  }

  /** To be called again when it has resolved. */
  perform(calls: readonly Call[]): Promise<Outcome[]> {
    return new Promise(resolve => {
      this.#underWay = { calls, resolve }
      this.#tell({ calls: packCalls(calls) })
    })
  }

  /** What is in the redo log only is committed first; then its own connection, so that a long look at everything holds up nobody. */
  readonly audit: Store['audit'] = async (...args) => {
    settleDatabase(this.#path)
    const db = new Database(this.#path, { readonly: true })
    try {
      return audit(db, ...args)
    } finally {
      db.close()
    }
  }

  async close(): Promise<void> {
    this.#tell('close')
    await this.#ended
  }

  #hear(message: FromThread): void {
    if (typeof message !== 'object') return
    if ('turn' in message) this.#onTurn(message.turn === null ? null : unpackError(message.turn))
    if (!('outcomes' in message)) return
    if (message.commit !== null) this.#onCommit(message.commit)
    if (this.#underWay === null) throw new TypeError('The store answered what it was not asked')
    const { calls, resolve } = this.#underWay
    resolve(unpackOutcomes(calls, message.outcomes))
  }

  #tell(message: ToThread): void {
    this.#thread.postMessage(message)
  }
}
