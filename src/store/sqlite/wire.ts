// What the threads say to each other. Errors lose their class on the way, so those that matter are told apart by name; a ledger
// crosses as columns.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { Assignment } from '../../bandit/facts.ts'
import type { Commit, KeptAssignment, Proposal, StoredLedger } from '../../bandit/store.ts'
import type { Call, Outcome } from '../sentences.ts'
import { type PackedLedger, packLedger, unpackLedger } from './ledger-packing.ts'

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

export type PackedOutcome =
  | Outcome
  | { readonly ledger: PackedLedger }
  /** Null where the proposal itself was kept. */
  | { readonly kept: readonly (Assignment | null)[] }
  | { readonly trouble: EngineError }

export function packOutcome(call: Call, outcome: Outcome): PackedOutcome {
  if ('error' in outcome) {
    return outcome.error instanceof StoreUnavailableError ? { trouble: packError(outcome.error.cause) } : outcome
  }
  if (call.name === 'readLedger') return { ledger: packLedger(outcome.result as StoredLedger) }
  return call.name === 'keepAssignments' ? { kept: packKept(outcome.result as KeptAssignment[]) } : outcome
}

/** What may change hands without a copy. */
export function transferred(outcomes: readonly PackedOutcome[]): ArrayBuffer[] {
  return outcomes.flatMap(outcome =>
    'ledger' in outcome ? [outcome.ledger.heads.buffer, outcome.ledger.cells.buffer] : [],
  )
}

export function unpackOutcome(call: Call, packed: PackedOutcome): Outcome {
  if ('trouble' in packed) return { error: new StoreUnavailableError(unpackError(packed.trouble)) }
  if ('ledger' in packed) return { result: unpackLedger(packed.ledger) }
  return 'kept' in packed ? { result: unpackKept(call.args[0] as Proposal, packed.kept) } : packed
}

function packKept(kept: readonly KeptAssignment[]): (Assignment | null)[] {
  return kept.map(({ isNew, ...assignment }) => (isNew ? null : assignment))
}

function unpackKept({ units, snapshot, assignedAt }: Proposal, kept: readonly (Assignment | null)[]): KeptAssignment[] {
  return units.map((proposed, position) => {
    const known = kept[position] ?? null
    return known === null ? { ...proposed, snapshot, assignedAt, isNew: true } : { ...known, isNew: false }
  })
}

export function packError(error: unknown): EngineError {
  const { message, code } = error as Error & { code?: unknown }
  return { message, code }
}

export function unpackError({ message, code }: EngineError): Error {
  return Object.assign(new Error(message), { code })
}
