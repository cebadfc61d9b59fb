// A ledger as two columns of numbers. Objects are copied one by one from thread to thread, which for a long ledger takes longer than
// all that is reckoned from it; a column changes hands as it is.
import type { LedgerCell, SnapshotHead, SnapshotReason, StoredLedger } from '../../bandit/store.ts'

type Column = Float64Array<ArrayBuffer>

export interface PackedLedger {
  readonly heads: Column
  readonly cells: Column
}

const REASONS = ['start', 'refresh', 'change'] as const satisfies readonly SnapshotReason[]

/** Numbers of a head before its propensities, of which the last says how many these are. NaN stands for null. */
const HEAD_FIELDS = 10
const CELL_FIELDS = 10

type Head = [number, number, number, number, number, number, number, number, number, number]

export function packLedger({ snapshots, cells }: StoredLedger): PackedLedger {
  const headNumbers = snapshots.reduce((sum, { propensities }) => sum + HEAD_FIELDS + propensities.length, 0)
  return { heads: packHeads(snapshots, headNumbers), cells: packCells(cells) }
}

export function unpackLedger({ heads, cells }: PackedLedger): StoredLedger {
  return { snapshots: unpackHeads(heads), cells: unpackCells(cells) }
}

function packHeads(heads: readonly SnapshotHead[], length: number): Column {
  const column = new Float64Array(length)
  let at = 0
  for (const head of heads) {
    const { number, version, reason, createdAt, allDecided, ledgerSize, units, lastAssignedAt, propensities } = head
    column[at++] = number
    column[at++] = version
    column[at++] = REASONS.indexOf(reason)
    column[at++] = createdAt
    column[at++] = allDecided ? 1 : 0
    column[at++] = ledgerSize.units
    column[at++] = ledgerSize.rewards
    column[at++] = units
    column[at++] = lastAssignedAt ?? Number.NaN
    column[at++] = propensities.length
    for (const propensity of propensities) column[at++] = propensity ?? Number.NaN
  }
  return column
}

function unpackHeads(column: Column): SnapshotHead[] {
  const heads: SnapshotHead[] = []
  for (let at = 0; at < column.length; ) {
    const [number, version, reason, createdAt, allDecided, ledgerUnits, rewards, units, lastAssignedAt, arms] =
      column.subarray(at, at + HEAD_FIELDS) as unknown as Head
    at += HEAD_FIELDS
    heads.push({
      number,
      version,
      reason: REASONS[reason] as SnapshotReason,
      createdAt,
      propensities: Array.from(column.subarray(at, at + arms), nullable),
      allDecided: allDecided === 1,
      ledgerSize: { units: ledgerUnits, rewards },
      units,
      lastAssignedAt: nullable(lastAssignedAt),
    })
    at += arms
  }
  return heads
}

function packCells(cells: readonly LedgerCell[]): Column {
  const column = new Float64Array(cells.length * CELL_FIELDS)
  let at = 0
  for (const cell of cells) {
    column[at++] = cell.snapshot
    column[at++] = cell.arm
    column[at++] = cell.units
    column[at++] = cell.sum
    column[at++] = cell.sumOfSquares
    column[at++] = cell.rewards
    column[at++] = cell.delayedRewards
    column[at++] = cell.unitsAbove
    column[at++] = cell.unitsBelow
    column[at++] = cell.largestOutcome
  }
  return column
}

function unpackCells(column: Column): LedgerCell[] {
  const cells = new Array<LedgerCell>(column.length / CELL_FIELDS)
  for (let position = 0, at = 0; position < cells.length; position++, at += CELL_FIELDS) {
    cells[position] = {
      snapshot: column[at] as number,
      arm: column[at + 1] as number,
      units: column[at + 2] as number,
      sum: column[at + 3] as number,
      sumOfSquares: column[at + 4] as number,
      rewards: column[at + 5] as number,
      delayedRewards: column[at + 6] as number,
      unitsAbove: column[at + 7] as number,
      unitsBelow: column[at + 8] as number,
      largestOutcome: column[at + 9] as number,
    }
  }
  return cells
}

function nullable(number: number): number | null {
  return Number.isNaN(number) ? null : number
}
