// Work that is done again and again until the service stops.

/**
 * Calls `work` every `everyMs`, never twice at once. Returns a function that stops it and resolves
 * when no call is in progress. `work` must not reject: it logs its failures.
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
