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

function releaseOne(): void {
  waiting[0]?.()
  waiting.shift()
  if (waiting.length > 0) setImmediate(releaseOne)
}
