// What the threads say to each other.
import type { Commit } from '../../bandit/store.ts'
import type { EngineError } from './outcome-packing.ts'
import type { Sheet } from './sheet.ts'

/** What the thread starts with. */
export interface ThreadData {
  readonly path: string
  readonly isAlone: boolean
}

export type ToThread = { readonly calls: Sheet } | 'close'

export type FromThread =
  | 'opened'
  /** The database cannot be opened: the sentence of the DatabaseError. */
  | { readonly refusal: string }
  /** Of the calls of one message. */
  | { readonly outcomes: Sheet; readonly commit: Commit | null }
  | { readonly turn: EngineError | null }
