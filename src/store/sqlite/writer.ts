// How what is said to the database comes to be on disk.
import type { Call, Outcome } from '../sentences.ts'

/** Says calls to the database, in the transaction that is under way. */
export interface Speech {
  /** All of them, with what they add to the ledger. @throws the error of the first that fails; then the transaction is to be undone */
  together(calls: readonly Call[]): Outcome[]
  /** Each for itself: one that fails is undone alone. */
  apart(calls: readonly Call[]): Outcome[]
  /** What was said since the last commit is undone. */
  forget(): void
}

export interface Writer {
  /** What became of each call, which is on disk when this returns. @throws SqliteError; then nothing of them is kept */
  write(calls: readonly Call[]): Outcome[]
  close(): void
}
