// What the environment says. The only reader of process.env.
import { isIP } from 'node:net'

export interface Config {
  readonly host: string
  readonly port: number
  readonly databaseUrl: string
  /** A key with all scopes; null: the service is open, and then listens on loopback only. */
  readonly adminKey: string | null
  readonly logLevel: LogLevel
  /** Webhooks may point to loopback and private addresses. */
  readonly allowsPrivateTargets: boolean
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The environment cannot be understood; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const MIN_KEY_LENGTH = 16

/** @throws ConfigError */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const host = environment.HOST || '127.0.0.1'
  const port = Number(environment.PORT || '8080')
  const adminKey = environment.PINWHEEL_ADMIN_KEY || null
  const logLevel = LOG_LEVELS.find(level => level === (environment.LOG_LEVEL || 'info'))
  const privateTargets = environment.WEBHOOK_PRIVATE_TARGETS || 'refuse'
  const faults: string[] = []
  if (!Number.isInteger(port) || port < 0 || port > 65_535) faults.push('PORT must be a number from 0 to 65535')
  if (logLevel === undefined) faults.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`)
  if (privateTargets !== 'allow' && privateTargets !== 'refuse') {
    faults.push('WEBHOOK_PRIVATE_TARGETS must be allow or refuse')
  }
  if (adminKey !== null && adminKey.length < MIN_KEY_LENGTH) {
    faults.push(`PINWHEEL_ADMIN_KEY must have at least ${MIN_KEY_LENGTH} characters; try: openssl rand -base64 24`)
  }
  if (adminKey === null && !isLoopback(host)) {
    faults.push(
      `HOST=${host} would open the service to others without a key; set PINWHEEL_ADMIN_KEY, or HOST=127.0.0.1`,
    )
  }
  if (faults.length > 0 || logLevel === undefined) throw new ConfigError(`Cannot start: ${faults.join('; ')}`)
  return {
    host,
    port,
    databaseUrl: environment.DATABASE_URL || 'sqlite:./data/pinwheel.db',
    adminKey,
    logLevel,
    allowsPrivateTargets: privateTargets === 'allow',
  }
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}
