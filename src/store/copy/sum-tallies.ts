// What several writers have added to the cells of the ledger, as one row a cell: summed in the
// order and with the arithmetic of anyone who reads the ledger, so that a copy reads the same to
// the bit.
import { type CellChange, sumOfChanges } from '../ledger-entries.ts'
import type { Row } from './tables.ts'

/** Rows of one cell follow each other, in the order of their writers. */
export async function* sumTallies(slices: AsyncIterable<readonly Row[]>): AsyncGenerator<Row[]> {
  let open: Row | null = null
  for await (const slice of slices) {
    const cells: Row[] = []
    for (const row of slice) {
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

/** Columns of `tallies`: experiment, metric, snapshot and arm. */
const KEY_COLUMNS = 4

/** The columns that follow. */
const SUMS = [
  'units',
  'sum',
  'sumOfSquares',
  'sumError',
  'sumOfSquaresError',
  'rewards',
  'delayedRewards',
  'unitsAbove',
  'unitsBelow',
  'largestOutcome',
] as const satisfies readonly (keyof CellChange)[]

function isOneCell(a: Row, b: Row): boolean {
  return a.slice(0, KEY_COLUMNS).every((value, position) => value === b[position])
}

function sumOfRows(a: Row, b: Row): Row {
  const sum = sumOfChanges(changeOf(a), changeOf(b))
  return [...a.slice(0, KEY_COLUMNS), ...SUMS.map(name => sum[name])]
}

function changeOf(row: Row): CellChange {
  const sums = SUMS.map((name, position) => [name, row[KEY_COLUMNS + position]])
  return Object.fromEntries(sums) as Record<(typeof SUMS)[number], number>
}
