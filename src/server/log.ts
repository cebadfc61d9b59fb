// One line a request and a refresh; `error` means that a person must act. Secrets never reach it.
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

export type { Logger }

/** Headers that open doors, wherever a request or an answer is logged. */
const SECRET_HEADERS = ['authorization', 'x-api-key', 'cookie', 'set-cookie']
const PLACES = ['', 'headers', '*.headers', '*.*.headers']

/** A key of ours, or a webhook's secret, in an address, a message or a stack. */
const SECRET_PATTERN = /(pw_[sp]k_|whsec_)[\w+/=-]+/g

/** `write` receives the lines; without it they are written to stdout. */
export function createLog(level: LogLevel, write?: (line: string) => void): Logger {
  const paths = PLACES.flatMap(place => SECRET_HEADERS.map(name => `${place}["${name}"]`))
  const options = {
    level,
    base: null,
    redact: paths,
    hooks: { streamWrite: (line: string) => line.replace(SECRET_PATTERN, '$1[Redacted]') },
  }
  return write === undefined ? pino(options) : pino(options, { write })
}
