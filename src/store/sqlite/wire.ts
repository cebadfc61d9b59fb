// What the threads say to each other. Errors lose their class on the way, so those that matter are told apart by name; a ledger
// crosses as columns.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Commit, StoredLedger } from '../../bandit/store.ts'
import { type PackedLedger, packLedger, unpackLedger } from './ledger-packing.ts'
import type { Call, Outcome } from './sentences.ts'

export type ToThread = { readonly calls: readonly Call[] } | 'close'

export type FromThread =
  | 'opened'
  /** The database cannot be opened: the sentence of the DatabaseError. */
  | { readonly refusal: string }
  /** Of the calls of one message, in their order. */
  | { readonly outcomes: readonly PackedOutcome[]; readonly commit: Commit | null }
  | { readonly turn: EngineError | null }

/** What the engine's own error says. */
export interface EngineError {
  readonly message: string
  readonly code: unknown
}

export type PackedOutcome = Outcome | { readonly ledger: PackedLedger } | { readonly trouble: EngineError }

export function packOutcome(call: Call, outcome: Outcome): PackedOutcome {
  if ('error' in outcome) {
    return outcome.error instanceof StoreUnavailableError ? { trouble: packError(outcome.error.cause) } : outcome
  }
  return call.name === 'readLedger' ? { ledger: packLedger(outcome.result as StoredLedger) } : outcome
}

/** What may change hands without a copy. */
export function transferred(outcomes: readonly PackedOutcome[]): ArrayBuffer[] {
  return outcomes.flatMap(outcome =>
    'ledger' in outcome ? [outcome.ledger.heads.buffer, outcome.ledger.cells.buffer] : [],
  )
}

export function unpackOutcome(packed: PackedOutcome): Outcome {
  if ('trouble' in packed) return { error: new StoreUnavailableError(unpackError(packed.trouble)) }
  return 'ledger' in packed ? { result: unpackLedger(packed.ledger) } : packed
}

export function packError(error: unknown): EngineError {
  const { message, code } = error as Error & { code?: unknown }
  return { message, code }
}

export function unpackError({ message, code }: EngineError): Error {
  return Object.assign(new Error(message), { code })
}
