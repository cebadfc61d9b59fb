// Long computations take turns with everything else that this process does, and with each other.

const waiting: (() => void)[] = []

/**
 * Resolves in a turn of the event loop that no other computation gets: however many go on at once,
 * between two of their pieces anyone who asks for an arm is served. Call it before each piece that
 * takes more than a few ms.
 */
export function giveWay(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(releaseOne)
  })
}

/** All that `pieces` yields, each computed in a turn of the event loop of its own. */
export async function inTurns<Piece>(pieces: Iterable<Piece>): Promise<Piece[]> {
  const done: Piece[] = []
  for (const piece of pieces) {
    done.push(piece)
    await giveWay()
  }
  return done
}

/** Adds every batch, which costs as much as `cellsABatch` cells, with pauses for other requests. */
export async function batchesInPieces<Each>(
  batches: Iterable<Each>,
  cellsABatch: number,
  add: (batch: Each) => void,
  pause: () => Promise<void> = giveWay,
): Promise<void> {
  let cells = 0
  for (const batch of batches) {
    cells += cellsABatch
    if (cells > CELLS_A_PIECE) {
      await pause()
      cells = cellsABatch
    }
    add(batch)
  }
}

/** Some milliseconds, where a cell is a batch of an arm. */
const CELLS_A_PIECE = 40_000

function releaseOne(): void {
  waiting[0]?.()
  waiting.shift()
  if (waiting.length > 0) setImmediate(releaseOne)
}
