// One line a request and a refresh; `error` means that a person must act. Secrets are removed.
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

export type { Logger }

/** Headers with secrets, wherever a request or an answer is logged. */
const SECRET_HEADERS = ['authorization', 'x-api-key', 'cookie', 'set-cookie']
const PLACES = ['', 'headers', '*.headers', '*.*.headers']

/** A key of ours, or a webhook's secret, in an address, a message or a stack. */
const SECRET_PATTERN = /(pw_[sp]k_|whsec_)[\w+/=-]+/g

/** `write` takes the lines, without which they go to stdout. */
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
