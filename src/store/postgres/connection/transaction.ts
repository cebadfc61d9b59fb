// A transaction under way. What it says is sent at once; it waits only where it must know an
// answer. What is written last goes out together with the commit.
import type { Client, QueryResult } from 'pg'
import { StoreUnavailableError } from '../../../bandit/errors.ts'
import type { Answer, Parameter, Script, Statement, Step } from '../../scripts/script.ts'
import { asClientError } from '../store-failure.ts'

export const READ_COMMITTED = 'BEGIN ISOLATION LEVEL READ COMMITTED'

/** All that it reads is of one instant. */
export const ONE_INSTANT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** Whatever a statement can be said to: a connection, a transaction. */
export interface Reader {
  ask<Row>(statement: Statement<Row>, parameters: Parameter[]): Promise<Row[]>
}

export class Transaction {
  readonly #client: Client
  readonly #begun: Promise<unknown>
  readonly #written: Promise<unknown>[] = []
  #hasBegun = false
  #isCommitting = false

  constructor(client: Client, begin: string) {
    this.#client = client
    this.#begun = this.#execute({ text: begin }).then(() => {
      this.#hasBegun = true
    })
    this.#begun.catch(() => {})
  }

  /** True once nobody can know, without an answer, whether it was kept. */
  get isCommitting(): boolean {
    return this.#isCommitting
  }

  async ask<Row>(statement: Statement<Row>, values: Parameter[]): Promise<Row[]> {
    const answer = this.#execute({ ...statement, values })
    await this.#begun
    return (await answer).rows
  }

  /**
   * What was written. Its answer need not be waited for, since the commit does. A transaction reads
   * before it writes: a statement that went out with a BEGIN that fails would stand alone.
   */
  write<Row>(statement: Statement<Row>, values: Parameter[]): Promise<Answer<Row>> {
    if (!this.#hasBegun) throw new TypeError('A transaction must read before it writes')
    const written = this.#execute({ ...statement, values }).then(({ rows, rowCount }) => ({
      rows,
      count: rowCount ?? 0,
    }))
    written.catch(() => {})
    this.#written.push(written)
    return written
  }

  run<Result>(script: Script<Result>): Promise<Result> {
    return carryOut(script, step => this.#say(step))
  }

  /** Resolves when everything is on disk; where nothing was written, at once. */
  async commit(): Promise<void> {
    this.#isCommitting = this.#written.length > 0
    const answer = this.#execute({ text: 'COMMIT' })
    if (!this.#isCommitting) return
    await Promise.all(this.#written)
    const { command } = await answer
    if (command !== 'COMMIT') throw new StoreUnavailableError(new Error(`The server answered COMMIT with ${command}`))
  }

  /** Not waited for: whatever comes next on this connection comes after it. */
  rollback(): void {
    this.#execute({ text: 'ROLLBACK' })
  }

  async #say({ kind, statement, parameters }: Step): Promise<Answer<unknown>> {
    if (kind === 'read' || kind === 'postgres') return { rows: await this.ask(statement, parameters), count: 0 }
    await this.#begun
    if (kind === 'write') return this.write(statement, parameters)
    this.write(statement, parameters)
    return { rows: [], count: 0 }
  }

  /** A rejection that nobody waits for is not lost: the commit fails of it. */
  #execute(query: Partial<Statement<unknown>> & { text: string; values?: Parameter[] }): Promise<QueryResult> {
    const answer = this.#client.query(query).catch(error => {
      throw asClientError(error)
    })
    answer.catch(() => {})
    return answer
  }
}

/** Says the statements of a script, each once the one before it was answered. */
export async function carryOut<Result>(
  script: Script<Result>,
  say: (step: Step) => Promise<Answer<unknown>>,
): Promise<Result> {
  let step = script.next()
  while (!step.done) step = script.next(await say(step.value))
  return step.value
}
