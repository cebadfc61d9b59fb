// The PostgreSQL twin: one database, any number of processes.

import { CallQueue } from '../call-queue.ts'
import { type Call, type CommandName, storeOf } from '../commands.ts'
import { healthNotes, type StoreListeners } from '../health.ts'
import type { Store } from '../port.ts'
import { audit } from '../scripts/unit-facts.ts'
import { Connection } from './connection/connection.ts'
import { News } from './connection/news.ts'
import { clientConfig, nameOf } from './connection/session.ts'
import { prepareDatabase } from './database.ts'
import { Engine } from './engine.ts'
import * as ledgerScripts from './ledger-table.ts'

export interface PostgresOptions extends StoreListeners {
  /**
   * Called when another process may have created, changed or frozen anew an experiment; soon after,
   * but not for certain.
   */
  readonly onNews?: (() => void) | undefined
}

/** How many batches of each kind may be under way, each on a connection of its own. */
const LANES = { assignments: 2, rewards: 2, others: 2 } as const
type Kind = keyof typeof LANES

const KINDS: Partial<Record<CommandName, Kind>> = {
  keepAssignments: 'assignments',
  findAssignments: 'assignments',
  recordRewards: 'rewards',
}

/** A transaction of so many rows takes less than a tenth of a second. */
const MOST_ROWS = 1_000

/** So many slots share the rows of the ledger; see migration 2. */
const WRITERS = 16

/**
 * A proposal that was given up has waited 0.8 of the second that /assign has; looking its units up
 * is to take no longer than the rest.
 */
const FIND_TICKS = 2

const SILENCE = 'The database does not answer'

/**
 * Connects to a database and migrates it.
 *
 * @throws DatabaseError
 */
export async function openPostgres(
  url: string,
  { onHealthChange = () => {}, onCommit = () => {}, onNews }: PostgresOptions = {},
): Promise<Store> {
  const config = clientConfig(url)
  await prepareDatabase(config, nameOf(url))
  const writer = Math.floor(WRITERS * Math.random())
  const news = new News(config, onNews ?? (() => {}))
  if (onNews !== undefined) await news.listen()
  const note = healthNotes(onHealthChange)
  const connections: Connection[] = []

  function open(kind: Kind): CallQueue {
    const own = Array.from({ length: LANES[kind] }, () => new Connection(config))
    connections.push(...own)
    const onFailure = (failure: unknown) => note(kind, failure)
    const engine = new Engine({ connections: own, writer, news, onHealthChange: onFailure, onCommit })
    const onHang = (hangs: boolean) => note(`${kind} hang`, hangs ? new Error(SILENCE) : null)
    return new CallQueue(engine, onHang, {
      lanes: LANES[kind],
      mostRows: MOST_ROWS,
      silence: SILENCE,
      findTicks: FIND_TICKS,
    })
  }

  const queues = { assignments: open('assignments'), rewards: open('rewards'), others: open('others') }
  const ask = ({ name, args }: Call): Promise<unknown> => queues[KINDS[name] ?? 'others'].ask(name, ...(args as never))
  return storeOf(ask, {
    /** On its own connection, so that a long look at everything holds up nothing. */
    async audit(...args) {
      const connection = new Connection(config)
      try {
        return await connection.atOneInstant(tx => tx.run(audit(ledgerScripts, ...args)))
      } finally {
        await connection.close()
      }
    },
    countWaiting: async () => Object.values(queues).reduce((sum, { depth }) => sum + depth, 0),
    async close() {
      await Promise.all(Object.values(queues).map(queue => queue.close()))
      await Promise.all([...connections, news].map(connection => connection.close()))
    },
  })
}
