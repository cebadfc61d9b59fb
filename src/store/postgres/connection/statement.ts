// A statement with a name, by which the server keeps it prepared; and its parameters. Rows go over
// as columns: one array each, whatever their number, so that a statement stays the same one.
import { createHash } from 'node:crypto'

/** `Row` is what it answers. */
export interface Statement<Row> {
  readonly name: string
  readonly text: string
  /** Never there: it only ties the type to the statement. */
  readonly row?: Row
}

export type Parameter = number | string | null | readonly (string | null)[]

/** Whatever a statement can be said to: a connection, a transaction. */
export interface Reader {
  ask<Row>(statement: Statement<Row>, parameters: Parameter[]): Promise<Row[]>
}

export function statement<Row = never>(text: string): Statement<Row> {
  return { name: createHash('sha256').update(text).digest('hex').slice(0, 16), text }
}

/** An array of numbers as the server reads it; pg would quote each of them. */
export function numbers(column: readonly number[]): string {
  return `{${column.join(',')}}`
}

/** The columns of some rows, each by its reader. */
export function columns<Row>(rows: readonly Row[], ...readers: readonly ((row: Row) => number)[]): string[] {
  return readers.map(read => numbers(rows.map(read)))
}
