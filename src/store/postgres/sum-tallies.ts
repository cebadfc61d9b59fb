// What several writers have added to the cells of the ledger, as one row a cell: summed in the
// order and with the arithmetic of anyone who reads the ledger, so that a copy reads the same to
// the bit.

import type { Row } from '../copy/tables.ts'
import { type CellChange, sumOfChanges } from '../ledger-entries.ts'

/** Rows of one cell follow each other, in the order of their writers. */
export async function* sumTallies(slices: AsyncIterable<readonly Row[]>): AsyncGenerator<Row[]> {
  let open: TallyRow | null = null
  for await (const slice of slices) {
    const cells: Row[] = []
    for (const row of slice as readonly TallyRow[]) {
      if (open !== null && isOneCell(open, row)) open = sumOfRows(open, row)
      else {
        if (open !== null) cells.push(open)
        open = row
      }
    }
    yield cells
  }
  if (open !== null) yield [open]
}

/** The columns of `tallies`, from the key on. */
type TallyRow = [number, number, number, number, ...SumColumns]
type SumColumns = [
  units: number,
  sum: number,
  sumOfSquares: number,
  sumError: number,
  sumOfSquaresError: number,
  rewards: number,
  delayedRewards: number,
  unitsAbove: number,
  unitsBelow: number,
  largestOutcome: number,
]

function isOneCell(a: TallyRow, b: TallyRow): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]
}

function sumOfRows(a: TallyRow, b: TallyRow): TallyRow {
  const change = sumOfChanges(changeOf(a), changeOf(b))
  const sums: SumColumns = [
    change.units,
    change.sum,
    change.sumOfSquares,
    change.sumError,
    change.sumOfSquaresError,
    change.rewards,
    change.delayedRewards,
    change.unitsAbove,
    change.unitsBelow,
    change.largestOutcome,
  ]
  return [a[0], a[1], a[2], a[3], ...sums]
}

function changeOf(row: TallyRow): CellChange {
  const [, , , , units, sum, sumOfSquares, sumError, sumOfSquaresError, rewards, delayedRewards, ...clipping] = row
  const [unitsAbove, unitsBelow, largestOutcome] = clipping
  return {
    units,
    sum,
    sumOfSquares,
    sumError,
    sumOfSquaresError,
    rewards,
    delayedRewards,
    unitsAbove,
    unitsBelow,
    largestOutcome,
  }
}
