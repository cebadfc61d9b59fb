// The start and the end of a process: the one line that a start prints, and the signals that stop
// it.
import type { Config } from './config.ts'

/** Prints where the service listens, and where it keeps its data. */
export function printStartupMessage({ host, databaseUrl }: Config, port: number): void {
  const name = host.includes(':') ? `[${host}]` : host
  process.stdout.write(
    `Pinwheel listens on http://${name}:${port} and keeps its data in ${withoutPassword(databaseUrl)}\n`,
  )
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]+):[^@]*@/, '://$1:***@').replace(/([?&]password=)[^&]*/, '$1***')
}

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
