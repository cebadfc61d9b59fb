// Some connections, and how commands are said over them: those that were asked together share a
// transaction where that pays.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Performer } from '../call-queue.ts'
import { type Call, type CommandName, type Outcome, WRITES } from '../commands.ts'
import type { Commit, Proposal, RewardEntry } from '../port.ts'
import { experimentScripts } from '../scripts/experiments.ts'
import { keyScripts } from '../scripts/keys.ts'
import { type Script, statement } from '../scripts/script.ts'
import { readRule, readSums } from '../scripts/unit-sums.ts'
import { webhookScripts } from '../scripts/webhooks.ts'
import { findAssignments, keepAssignments, readTotals } from './assignments.ts'
import type { Connection } from './connection/connection.ts'
import { NEWSWORTHY, type News } from './connection/news.ts'
import { findCells, findSnapshots, readPulse } from './ledger-table.ts'
import { recordRewards } from './rewards.ts'

const PING = statement('SELECT 1')

/** Its log is the server's, and shared with other databases. */
const READ_SIZE = statement<{ readonly databaseBytes: number }>(`
  SELECT pg_database_size(current_database()) AS "databaseBytes"`)

export interface EngineOptions {
  /** No more batches than connections may be under way. */
  readonly connections: readonly Connection[]
  /** The slot whose rows of the ledger are written. */
  readonly writer: number
  readonly news: News
  /** Hears of the failure that commits meet, and null when they succeed. */
  readonly onHealthChange: (failure: unknown) => void
  readonly onCommit: (commit: Commit) => void
}

export class Engine implements Performer {
  readonly #idle: Connection[]
  readonly #options: EngineOptions

  constructor(options: EngineOptions) {
    this.#idle = [...options.connections]
    this.#options = options
  }

  /** What became of each call, in their order. */
  async perform(calls: readonly Call[]): Promise<Outcome[]> {
    const connection = this.#idle.pop()
    if (connection === undefined) throw new TypeError('More batches than connections')
    const outcomes = new Array<Outcome>(calls.length)
    const groups = Map.groupBy(calls.keys(), position => (calls[position] as Call).name)
    for (const [name, positions] of groups) {
      const startedAt = performance.now()
      const lists = positions.map(position => (calls[position] as Call).args)
      const said = await this.#execute(connection, name, lists)
      for (const [order, position] of positions.entries()) outcomes[position] = said[order] as Outcome
      if (WRITES.has(name)) this.#tell(said, performance.now() - startedAt)
    }
    this.#idle.push(connection)
    return outcomes
  }

  #execute(connection: Connection, name: CommandName, lists: readonly Call['args'][]): Promise<Outcome[]> {
    switch (name) {
      case 'keepAssignments':
        return together(lists as readonly [Proposal][], asked =>
          keepAssignments(connection, asked.flat(), this.#options.writer),
        )
      case 'findAssignments':
        return together(lists as readonly [number, readonly string[]][], async asked => {
          const places = asked.flatMap(([experimentId, units]) => units.map(unit => ({ experimentId, unit })))
          const found = await findAssignments(connection, places)
          return splitLike(
            found,
            asked.map(([, units]) => units),
          )
        })
      case 'recordRewards':
        return together(lists as readonly [readonly RewardEntry[]][], async asked => {
          const rewards = asked.flat()
          return splitLike(await recordRewards(connection, rewards.flat(), this.#options.writer), rewards)
        })
      default:
        return apart(lists, async args => {
          const result = await executeAlone(connection, { name, args } as Call)
          if (NEWSWORTHY.has(name) && result) this.#options.news.tell(connection)
          return result
        })
    }
  }

  #tell(outcomes: readonly Outcome[], ms: number): void {
    const failure = failureIn(outcomes)
    this.#options.onHealthChange(failure)
    if (failure === null) this.#options.onCommit({ ms, commands: outcomes.length })
  }
}

const SCRIPTS: Partial<Record<CommandName, unknown>> = {
  ...experimentScripts,
  ...keyScripts,
  ...webhookScripts,
  findSnapshots,
  readRule,
  readSums,
  // Who has written is not known here, so it is always told.
  readPulse,
}

async function executeAlone(connection: Connection, { name, args }: Call): Promise<unknown> {
  switch (name) {
    case 'readLedger':
      return connection.atOneInstant(async tx => {
        const [snapshots, cells] = await Promise.all([tx.run(findSnapshots(args[0])), tx.run(findCells(...args))])
        return { snapshots, cells }
      })
    case 'readReportFacts':
      return connection.atOneInstant(async tx => {
        const [experimentId, metricPositions] = args
        const [snapshots, changes, sums, ...cells] = await Promise.all([
          tx.run(findSnapshots(experimentId)),
          tx.run(experimentScripts.findChanges(experimentId)),
          tx.run(readSums(experimentId)),
          ...metricPositions.map(position => tx.run(findCells(experimentId, position))),
        ])
        return { snapshots, cells, changes, sums }
      })
    case 'readTotals':
      return readTotals(connection, ...args)
    case 'ping':
      return void (await connection.ask(PING))
    case 'readSize':
      return { databaseBytes: (await connection.ask(READ_SIZE))[0]?.databaseBytes ?? 0, logBytes: 0 }
    default: {
      const script = SCRIPTS[name] as (...args: Call['args']) => Script<unknown>
      return WRITES.has(name) ? connection.transaction(tx => tx.run(script(...args))) : connection.run(script(...args))
    }
  }
}

/**
 * One transaction for all; where one of them breaks a rule, or cannot be computed, one for each, so
 * that only that one is undone.
 */
async function together<Args>(
  lists: readonly Args[],
  say: (lists: readonly Args[]) => Promise<unknown[]>,
): Promise<Outcome[]> {
  try {
    return (await say(lists)).map(result => ({ result }))
  } catch (error) {
    if (error instanceof StoreUnavailableError || lists.length === 1) return lists.map((): Outcome => ({ error }))
    const saidApart: Outcome[] = []
    for (const args of lists) saidApart.push(...(await together([args], say)))
    return saidApart
  }
}

async function apart<Args>(lists: readonly Args[], say: (args: Args) => Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const args of lists) {
    const outcome = say(args).then(
      result => ({ result }),
      error => ({ error }),
    )
    outcomes.push(await outcome)
  }
  return outcomes
}

/** Cuts what was answered to some lists together into the answers to each. */
function splitLike<Answer>(answers: readonly Answer[], lists: readonly { readonly length: number }[]): Answer[][] {
  let end = 0
  return lists.map(({ length }) => {
    end += length
    return answers.slice(end - length, end)
  })
}

function failureIn(outcomes: readonly Outcome[]): unknown {
  for (const outcome of outcomes) {
    if ('error' in outcome && outcome.error instanceof StoreUnavailableError) return outcome.error.cause
  }
  return null
}
