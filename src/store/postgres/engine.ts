// Some connections, and how commands are said over them: those that were asked together share a
// transaction where that pays.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Assignment } from '../../bandit/facts.ts'
import type { Performer } from '../call-queue.ts'
import { type Call, type CommandName, type Outcome, WRITES } from '../commands.ts'
import type { OnCommit, OnHealthChange } from '../events.ts'
import type { Proposal, RewardEntry, Store } from '../port.ts'
import { findAssignments, keepAssignments } from './assignments.ts'
import type { Connection } from './connection/connection.ts'
import { NEWSWORTHY, type News } from './connection/news.ts'
import { statement } from './connection/statement.ts'
import { experimentCommands } from './experiments.ts'
import { factCommands } from './facts.ts'
import { keyCommands } from './keys.ts'
import { recordRewards } from './rewards.ts'
import { snapshotCommands } from './snapshots.ts'
import { splitLike } from './split-like.ts'
import { isRuleBroken } from './store-failure.ts'
import { webhookCommands } from './webhooks.ts'

type Alone = Omit<Store, 'keepAssignments' | 'findAssignments' | 'recordRewards' | 'audit' | 'countWaiting' | 'close'>

const PING = statement('SELECT 1')

/** Its log is the server's, and shared with other databases. */
const READ_SIZE = statement<{ readonly databaseBytes: number }>(`
  SELECT pg_database_size(current_database()) AS "databaseBytes"`)

/** A connection, and the commands that are said over it one by one. */
interface Line {
  readonly connection: Connection
  readonly alone: Alone
}

export interface EngineOptions {
  /** No more batches than connections may be under way. */
  readonly connections: readonly Connection[]
  /** The slot whose rows of the ledger are written. */
  readonly writer: number
  readonly news: News
  /** Hears of the failure that commits meet, and null when they succeed. */
  readonly onHealthChange: OnHealthChange
  readonly onCommit: OnCommit
}

export class Engine implements Performer {
  readonly #idle: Line[]
  readonly #writer: number
  readonly #news: News
  readonly #onHealthChange: OnHealthChange
  readonly #onCommit: OnCommit

  constructor({ connections, writer, news, onHealthChange, onCommit }: EngineOptions) {
    this.#idle = connections.map(connection => ({ connection, alone: aloneOver(connection) }))
    this.#writer = writer
    this.#news = news
    this.#onHealthChange = onHealthChange
    this.#onCommit = onCommit
  }

  /** What became of each call, in their order. */
  async perform(calls: readonly Call[]): Promise<Outcome[]> {
    const line = this.#idle.pop()
    if (line === undefined) throw new TypeError('More batches than connections')
    const outcomes = new Array<Outcome>(calls.length)
    const groups = Map.groupBy(calls.keys(), position => (calls[position] as Call).name)
    for (const [name, positions] of groups) {
      const startedAt = performance.now()
      const lists = positions.map(position => (calls[position] as Call).args)
      const said = await this.#execute(line, name, lists)
      for (const [order, position] of positions.entries()) outcomes[position] = said[order] as Outcome
      if (WRITES.has(name)) this.#tell(said, performance.now() - startedAt)
    }
    this.#idle.push(line)
    return outcomes
  }

  #execute({ connection, alone }: Line, name: CommandName, lists: readonly Call['args'][]): Promise<Outcome[]> {
    switch (name) {
      case 'keepAssignments':
        return together(lists as readonly [Proposal][], asked =>
          keepAssignments(connection, asked.flat(), this.#writer),
        )
      case 'findAssignments':
        return together(lists as readonly [number, readonly string[]][], asked => recall(connection, asked))
      case 'recordRewards':
        return together(lists as readonly [readonly RewardEntry[]][], asked =>
          recordRewards(connection, asked.flat(), this.#writer),
        )
      default:
        return apart(lists, async args => {
          const result = await (alone[name] as (...args: Call['args']) => Promise<unknown>)(...args)
          if (NEWSWORTHY.has(name) && result) this.#news.tell(connection)
          return result
        })
    }
  }

  #tell(outcomes: readonly Outcome[], ms: number): void {
    const failure = failureIn(outcomes)
    this.#onHealthChange(failure)
    if (failure === null) this.#onCommit({ ms, commands: outcomes.length })
  }
}

function aloneOver(connection: Connection): Alone {
  return {
    ...experimentCommands(connection),
    ...snapshotCommands(connection),
    ...factCommands(connection),
    ...webhookCommands(connection),
    ...keyCommands(connection),
    ping: async () => void (await connection.ask(PING)),
    readSize: async () => ({ databaseBytes: (await connection.ask(READ_SIZE))[0]?.databaseBytes ?? 0, logBytes: 0 }),
  }
}

/**
 * One transaction for all; where a rule was broken, one for each, so that only what broke it is
 * undone.
 */
async function together<Args>(
  lists: readonly Args[],
  say: (lists: readonly Args[]) => Promise<unknown[]>,
): Promise<Outcome[]> {
  try {
    return (await say(lists)).map(result => ({ result }))
  } catch (error) {
    if (!isRuleBroken(error) || lists.length === 1) return lists.map((): Outcome => ({ error }))
    const saidApart: Outcome[] = []
    for (const args of lists) saidApart.push(...(await together([args], say)))
    return saidApart
  }
}

async function apart<Args>(lists: readonly Args[], say: (args: Args) => Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const args of lists) {
    outcomes.push(
      await say(args).then(
        result => ({ result }),
        error => ({ error }),
      ),
    )
  }
  return outcomes
}

async function recall(
  connection: Connection,
  lists: readonly (readonly [experimentId: number, units: readonly string[]])[],
): Promise<(Assignment | null)[][]> {
  const places = lists.flatMap(([experimentId, units]) => units.map(unit => ({ experimentId, unit })))
  const found = await findAssignments(connection, places)
  return splitLike(
    found,
    lists.map(([, units]) => units),
  )
}

function failureIn(outcomes: readonly Outcome[]): unknown {
  for (const outcome of outcomes) {
    if ('error' in outcome && outcome.error instanceof StoreUnavailableError) return outcome.error.cause
  }
  return null
}
