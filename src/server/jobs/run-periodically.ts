// Work that is done again and again until the service stops.

export interface PeriodicJob {
  /** Runs the work now; after the run that is under way, if there is one. */
  readonly runSoon: () => void
  /** Resolves when no run is under way any more. */
  readonly stop: () => Promise<void>
}

/** Runs `work` every `everyMs`, never twice at once. `work` must not reject: it logs its errors. */
export function repeat(everyMs: number, work: () => Promise<void>): PeriodicJob {
  let isDue = false
  let isStopped = false
  let current: Promise<void> | null = null
  const run = async () => {
    do {
      isDue = false
      await work()
    } while (isDue && !isStopped)
    current = null
  }
  const timer = setInterval(() => {
    current ??= run()
  }, everyMs)
  return {
    runSoon() {
      isDue = true
      if (!isStopped) current ??= run()
    },
    async stop() {
      isStopped = true
      clearInterval(timer)
      await current
    },
  }
}
