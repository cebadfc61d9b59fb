// The one line that a start prints.
import type { Config } from './config.ts'

/** Prints where the service listens, and where it stores its data. */
export function printStartupMessage({ host, databaseUrl }: Config, port: number): void {
  const name = host.includes(':') ? `[${host}]` : host
  process.stdout.write(
    `Pinwheel listens on http://${name}:${port} and keeps its data in ${withoutPassword(databaseUrl)}\n`,
  )
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]+):[^@]*@/, '://$1:***@').replace(/([?&]password=)[^&]*/, '$1***')
}
