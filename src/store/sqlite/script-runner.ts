// Carries out scripts over a connection.
import type Database from 'better-sqlite3'
import type { Answer, Script, Step } from '../scripts/script.ts'

const NOTHING: Answer<unknown> = { rows: [], count: 0 }

export class ScriptRunner {
  readonly #db: Database.Database
  readonly #prepared = new Map<string, Database.Statement<[object], unknown>>()

  constructor(db: Database.Database) {
    this.#db = db
  }

  /** @throws SqliteError */
  run<Result>(script: Script<Result>): Result {
    let step = script.next()
    while (!step.done) step = script.next(this.#execute(step.value))
    return step.value
  }

  /** The same, with a pause after each statement. @throws SqliteError */
  async runPausing<Result>(script: Script<Result>, pause: () => Promise<unknown>): Promise<Result> {
    let step = script.next()
    while (!step.done) {
      step = script.next(this.#execute(step.value))
      await pause()
    }
    return step.value
  }

  #execute({ kind, statement: { name, text }, parameters }: Step): Answer<unknown> {
    if (kind === 'postgres') return NOTHING
    const prepared = this.#prepared.get(name) ?? this.#db.prepare<[object], unknown>(text)
    this.#prepared.set(name, prepared)
    // `$1` is a name here.
    const named = Object.fromEntries(parameters.map((value, position) => [position + 1, value]))
    if (!prepared.reader) return { rows: [], count: prepared.run(named).changes }
    const rows = prepared.all(named)
    return { rows, count: rows.length }
  }
}
