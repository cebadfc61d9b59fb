// The signals that ask a process to end.

/** Calls `stop` at the first SIGTERM or SIGINT, and once. */
export function onceAskedToStop(stop: () => void): void {
  let isAsked = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!isAsked) stop()
      isAsked = true
    })
  }
}
