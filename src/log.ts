// One line a request and a refresh; `error` means that a person must act. Secrets never reach it.
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

export type { Logger }

export function createLog(level: LogLevel): Logger {
  return pino({ level, base: null, redact: ['headers.authorization', 'headers["x-api-key"]'] })
}
