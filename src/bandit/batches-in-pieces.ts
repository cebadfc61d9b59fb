import type { Batch, Ledger } from '../stats/ledger.ts'
import { giveWay } from './give-way.ts'

/** Some milliseconds, where a cell is a batch of an arm. */
const CELLS_A_PIECE = 40_000

/** Adds every batch, which costs as much as `cellsABatch` cells, with pauses for other requests. */
export async function batchesInPieces(
  ledger: Ledger,
  cellsABatch: number,
  add: (batch: Batch) => void,
  pause: () => Promise<void> = giveWay,
): Promise<void> {
  let cells = 0
  for (const batch of ledger) {
    cells += cellsABatch
    if (cells > CELLS_A_PIECE) {
      await pause()
      cells = cellsABatch
    }
    add(batch)
  }
}
