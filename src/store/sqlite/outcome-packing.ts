// Outcomes on their way back from the thread, in the order of their calls. Of what was asked only that comes back which is not known
// here; errors lose their class on the way, so those that matter are told apart by name.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { StoredRewardStatus } from '../../bandit/facts.ts'
import type { KeptAssignment, Proposal, ProposedUnit, StoredLedger } from '../../bandit/store.ts'
import type { Call, Outcome } from '../sentences.ts'
import { type PackedLedger, packLedger, unpackLedger } from './ledger-packing.ts'
import { type Sheet, SheetReader, SheetWriter } from './sheet.ts'

/** What the engine's own error says. */
export interface EngineError {
  readonly message: string
  readonly code: unknown
}

const KEPT = 0
const RECORDED = 1
const LEDGER = 2
const TROUBLE = 3
const OTHER = 4

const STATUSES = [
  'recorded',
  'duplicate',
  'unassigned',
  'late',
  'clipped',
] as const satisfies readonly StoredRewardStatus[]

export function packOutcomes(calls: readonly Call[], outcomes: readonly Outcome[]): Sheet {
  const sheet = new SheetWriter()
  for (const [position, outcome] of outcomes.entries()) writeOutcome(sheet, calls[position] as Call, outcome)
  return sheet.finish()
}

/** What may change hands without a copy. */
export function transferred({ values }: Sheet): ArrayBuffer[] {
  return values.flatMap(value => (isPackedLedger(value) ? [value.heads.buffer, value.cells.buffer] : []))
}

export function unpackOutcomes(calls: readonly Call[], packed: Sheet): Outcome[] {
  const sheet = new SheetReader(packed)
  return calls.map(call => readOutcome(sheet, call))
}

function writeOutcome(sheet: SheetWriter, { name }: Call, outcome: Outcome): void {
  if ('error' in outcome) {
    const isTrouble = outcome.error instanceof StoreUnavailableError
    sheet.number(isTrouble ? TROUBLE : OTHER)
    sheet.value(isTrouble ? packError(outcome.error.cause) : outcome)
  } else if (name === 'keepAssignments') writeKept(sheet, outcome.result as KeptAssignment[])
  else if (name === 'recordRewards') writeStatuses(sheet, outcome.result as StoredRewardStatus[])
  else {
    sheet.number(name === 'readLedger' ? LEDGER : OTHER)
    sheet.value(name === 'readLedger' ? packLedger(outcome.result as StoredLedger) : outcome)
  }
}

function readOutcome(sheet: SheetReader, call: Call): Outcome {
  const kind = sheet.number()
  if (kind === KEPT) return { result: readKept(sheet, call.args[0] as Proposal) }
  if (kind === RECORDED) return { result: readStatuses(sheet) }
  const value = sheet.value()
  if (kind === LEDGER) return { result: unpackLedger(value as PackedLedger) }
  if (kind === TROUBLE) return { error: new StoreUnavailableError(unpackError(value as EngineError)) }
  return value as Outcome
}

function writeKept(sheet: SheetWriter, kept: readonly KeptAssignment[]): void {
  sheet.number(KEPT)
  for (const { isNew, arm, propensity, snapshot, assignedAt } of kept) {
    sheet.number(isNew ? 1 : 0)
    if (isNew) continue
    sheet.number(arm)
    sheet.number(propensity)
    sheet.number(snapshot)
    sheet.number(assignedAt)
  }
}

function readKept(sheet: SheetReader, proposal: Proposal): KeptAssignment[] {
  return proposal.units.map(proposed => readAssignment(sheet, proposal, proposed))
}

function readAssignment(
  sheet: SheetReader,
  { snapshot, assignedAt }: Proposal,
  { unit, arm, propensity }: ProposedUnit,
): KeptAssignment {
  if (sheet.number() === 1) return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
  return {
    unit,
    arm: sheet.number(),
    propensity: sheet.number(),
    snapshot: sheet.number(),
    assignedAt: sheet.number(),
    isNew: false,
  }
}

function writeStatuses(sheet: SheetWriter, statuses: readonly StoredRewardStatus[]): void {
  sheet.number(RECORDED)
  sheet.number(statuses.length)
  for (const status of statuses) sheet.number(STATUSES.indexOf(status))
}

function readStatuses(sheet: SheetReader): StoredRewardStatus[] {
  return Array.from({ length: sheet.number() }, () => STATUSES[sheet.number()] as StoredRewardStatus)
}

function isPackedLedger(value: unknown): value is PackedLedger {
  return typeof value === 'object' && value !== null && 'heads' in value && 'cells' in value
}

export function packError(error: unknown): EngineError {
  const { message, code } = error as Error & { code?: unknown }
  return { message, code }
}

export function unpackError({ message, code }: EngineError): Error {
  return Object.assign(new Error(message), { code })
}
