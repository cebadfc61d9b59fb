// The two ends of a copy, as each engine has them.
import type { Row, Table } from './tables.ts'

/** A database as it is at one instant. */
export interface CopySource {
  count(table: Table): Promise<number>
  /** All rows in the order of their key, in slices. */
  read(table: Table): AsyncIterable<readonly Row[]>
  close(): Promise<void>
}

/** A transaction on a database that nobody else can write to meanwhile. */
export interface CopyTarget {
  count(table: Table): Promise<number>
  write(table: Table, rows: readonly Row[]): Promise<void>
  commit(): Promise<void>
  /** Without a commit before, nothing was written. */
  close(): Promise<void>
}
