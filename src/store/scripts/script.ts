// A command that both engines carry out alike is written once: as a script, which gives one
// statement after the other and is told what each answers. SQLite answers at once; PostgreSQL is
// waited for.
import { createHash } from 'node:crypto'

/**
 * Has a name, by which a server keeps it prepared. In a script it is SQL that both engines read
 * alike, with parameters as `$1`. `Row` is what it answers.
 */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** Never there: it only ties the type to the statement. */
  readonly row?: Row
}

export type Parameter = number | string | null | readonly (string | null)[]

/** The rows that a statement returned, and how many it wrote. */
export interface Answer<Row> {
  readonly rows: Row[]
  readonly count: number
}

/**
 * A `write` whose answer nobody needs is `tell`: it is waited for with the commit. What is said to
 * `postgres` alone locks rows, or concerns a table that SQLite, where one writes at a time, does
 * without.
 */
export interface Step {
  readonly kind: 'read' | 'write' | 'tell' | 'postgres'
  readonly statement: Statement<unknown>
  readonly parameters: Parameter[]
}

export type Script<Result> = Generator<Step, Result, Answer<unknown>>

type Written<Command> = Command extends (...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Script<Result>
  : never

/** Commands of the store as scripts. */
export type Scripts<Part> = { readonly [Name in keyof Part]: Written<Part[Name]> }

export function statement<Row = never>(text: string): Statement<Row> {
  return { name: createHash('sha256').update(text).digest('hex').slice(0, 16), text }
}

export function* read<Row>(statement: Statement<Row>, parameters: Parameter[] = []): Script<Row[]> {
  return ((yield { kind: 'read', statement, parameters }) as Answer<Row>).rows
}

export function* write<Row>(statement: Statement<Row>, parameters: Parameter[]): Script<Answer<Row>> {
  return (yield { kind: 'write', statement, parameters }) as Answer<Row>
}

export function* tell(statement: Statement<unknown>, parameters: Parameter[]): Script<void> {
  yield { kind: 'tell', statement, parameters }
}

export function* tellPostgres(statement: Statement<unknown>, parameters: Parameter[] = []): Script<void> {
  yield { kind: 'postgres', statement, parameters }
}
