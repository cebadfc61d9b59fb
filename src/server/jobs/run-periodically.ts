// Work that is done again and again until the service stops.

/**
 * Calls `work` every so often, never twice at once. Answers how to stop, which resolves when
 * nothing is under way any more. `work` must not reject: it logs what goes wrong.
 */
export function repeat(everyMs: number, work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | null = null
  const timer = setInterval(() => {
    current ??= work().finally(() => {
      current = null
    })
  }, everyMs)
  return async () => {
    clearInterval(timer)
    await current
  }
}
