// A connection that is opened when it is needed, and opened anew when it was lost. What is said
// over it goes out at once, and is answered in order (pipelining): a transaction costs as many
// round trips as it waits for answers, not one a statement.
import { Client, type ClientConfig } from 'pg'
import { StoreUnavailableError } from '../../../bandit/errors.ts'
import type { Parameter, Script, Statement } from '../../scripts/script.ts'
import { asClientError, asStoreError, isConnectionLost, isRace } from '../store-failure.ts'
import { endClient, SET_UP } from './session.ts'
import { carryOut, ONE_INSTANT, READ_COMMITTED, Transaction } from './transaction.ts'

/** What was lost later than this has been given up by anyone who asked. */
const RETRY_WITHIN_MS = 500

/** A lost race is run again so many times; each time somebody else has come a step further. */
const MOST_RACES = 20

export class Connection {
  readonly #config: ClientConfig
  #opening: Promise<Client> | null = null
  #client: Client | null = null

  constructor(config: ClientConfig) {
    this.#config = config
  }

  /**
   * One statement by itself; what it answers.
   *
   * @throws StoreUnavailableError
   */
  async ask<Row>(statement: Statement<Row>, values: Parameter[] = []): Promise<Row[]> {
    const client = await this.#open()
    try {
      return (await client.query({ ...statement, values })).rows
    } catch (error) {
      const known = asClientError(error)
      if (isConnectionLost(known)) this.#drop(client)
      throw asStoreError(known)
    }
  }

  /** A script that reads, each statement by itself. @throws StoreUnavailableError */
  run<Result>(script: Script<Result>): Promise<Result> {
    return carryOut(script, async ({ statement, parameters }) => ({
      rows: await this.ask(statement, parameters),
      count: 0,
    }))
  }

  /**
   * All that `work` says, or nothing of it. `work` may be run again after a lost race, or at once
   * on a new connection; but never when its commit was under way: if that has no answer, nobody
   * knows.
   *
   * @throws StoreUnavailableError; DatabaseError where a rule was broken
   */
  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const startedAt = performance.now()
    let wasLost = false
    const mayBeSaidAgain = (tx: Transaction) =>
      !wasLost && !tx.isCommitting && performance.now() - startedAt < RETRY_WITHIN_MS
    for (let races = 0; races < MOST_RACES; ) {
      const client = await this.#open()
      const tx = new Transaction(client, READ_COMMITTED)
      try {
        return await this.#carryOut(client, tx, work)
      } catch (error) {
        if (isRace(error)) races += 1
        else if (isConnectionLost(error) && mayBeSaidAgain(tx)) wasLost = true
        else throw asStoreError(error)
      }
    }
    throw new StoreUnavailableError(new Error(`Others were first, ${MOST_RACES} times in a row`))
  }

  /**
   * All that `work` reads, as it was at one instant.
   *
   * @throws StoreUnavailableError
   */
  async atOneInstant<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.#open()
    try {
      return await this.#carryOut(client, new Transaction(client, ONE_INSTANT), work)
    } catch (error) {
      throw asStoreError(error)
    }
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => null)
    const client = this.#client
    this.#client = this.#opening = null
    if (client !== null) await endClient(client)
  }

  async #carryOut<Result>(
    client: Client,
    tx: Transaction,
    work: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await work(tx)
      await tx.commit()
      return result
    } catch (error) {
      tx.rollback()
      if (isConnectionLost(error)) this.#drop(client)
      throw error
    }
  }

  /** @throws StoreUnavailableError */
  #open(): Promise<Client> {
    this.#opening ??= this.#connect()
    return this.#opening
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.#config)
    this.#client = client
    const forget = () => this.#forget(client)
    client.on('error', forget).on('end', forget)
    try {
      await client.connect()
      await client.query(SET_UP)
      return client
    } catch (error) {
      this.#drop(client)
      throw new StoreUnavailableError(error)
    }
  }

  #drop(client: Client): void {
    this.#forget(client)
    endClient(client)
  }

  #forget(client: Client): void {
    if (this.#client !== client) return
    this.#client = null
    this.#opening = null
  }
}
