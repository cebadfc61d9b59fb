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

function releaseOne(): void {
  waiting[0]?.()
  waiting.shift()
  if (waiting.length > 0) setImmediate(releaseOne)
}
