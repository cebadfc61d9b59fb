// The configuration from the environment. The only reader of process.env.
import { isIP } from 'node:net'
import { parseRate } from '../access/token-bucket.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** Where only probes are answered, besides; null: nowhere. */
  readonly probePort: number | null
  readonly databaseUrl: string
  /** A key with all scopes; null: there are only those of the store. */
  readonly adminKey: string | null
  /** As `100/s`: for keys without a rate of their own; null: the defaults of the keyring. */
  readonly rateLimit: string | null
  /** Whose pages may ask, as `https://shop.example`; `*`: all. */
  readonly allowedOrigins: ReadonlySet<string>
  readonly logLevel: LogLevel
  /** How many processes share the address and the store. */
  readonly workers: number
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
const MAX_KEY_LENGTH = 256

type Environment = Readonly<Record<string, string | undefined>>

export function databaseUrlIn(environment: Environment): string {
  return environment.DATABASE_URL || 'sqlite:./data/pinwheel.db'
}

/** @throws ConfigError */
export function readConfig(environment: Environment): Config {
  const host = environment.HOST || '127.0.0.1'
  const port = Number(environment.PORT || '8080')
  const probePort = environment.PROBE_PORT ? Number(environment.PROBE_PORT) : null
  const adminKey = environment.PINWHEEL_ADMIN_KEY || null
  const logLevel = LOG_LEVELS.find(level => level === (environment.LOG_LEVEL || 'info'))
  const privateTargets = environment.WEBHOOK_PRIVATE_TARGETS || 'refuse'
  const rateLimit = environment.RATE_LIMIT || null
  const allowedOrigins = new Set((environment.ALLOWED_ORIGINS ?? '').split(',').flatMap(text => text.trim() || []))
  const workers = Number(environment.WORKERS || '1')
  const faults: string[] = []
  if (!isPort(port)) faults.push('PORT must be a number from 0 to 65535')
  if (probePort !== null && !isPort(probePort)) faults.push('PROBE_PORT must be a number from 0 to 65535')
  if (probePort !== null && probePort !== 0 && probePort === port)
    faults.push('PROBE_PORT must be another one than PORT')
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) faults.push('WORKERS must be a number from 1 to 64')
  if (logLevel === undefined) faults.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`)
  if (privateTargets !== 'allow' && privateTargets !== 'refuse') {
    faults.push('WEBHOOK_PRIVATE_TARGETS must be allow or refuse')
  }
  if (adminKey !== null && adminKey.length < MIN_KEY_LENGTH) {
    faults.push(`PINWHEEL_ADMIN_KEY must have at least ${MIN_KEY_LENGTH} characters; try: openssl rand -base64 24`)
  }
  if (adminKey !== null && adminKey.length > MAX_KEY_LENGTH) {
    faults.push(`PINWHEEL_ADMIN_KEY must have at most ${MAX_KEY_LENGTH} characters`)
  }
  if (rateLimit !== null && parseRate(rateLimit) === null)
    faults.push('RATE_LIMIT must be like 100/s, 5000/m or 100000/h')
  for (const origin of allowedOrigins) {
    if (!isOrigin(origin))
      faults.push(`ALLOWED_ORIGINS must have origins like https://shop.example, or *, not ${origin}`)
  }
  if (faults.length > 0 || logLevel === undefined) throw new ConfigError(`Cannot start: ${faults.join('; ')}`)
  const allowsPrivateTargets = privateTargets === 'allow'
  const reach = { host, port, probePort, allowedOrigins, workers }
  return { ...reach, databaseUrl: databaseUrlIn(environment), adminKey, rateLimit, logLevel, allowsPrivateTargets }
}

/**
 * Beyond loopback there must be a key that opens something.
 *
 * @throws ConfigError
 */
export function refuseToOpen({ host }: Pick<Config, 'host'>, hasLiveKey: boolean): void {
  if (hasLiveKey || isLoopback(host)) return
  throw new ConfigError(
    `Cannot start: HOST=${host} would open the service to others without a key; set PINWHEEL_ADMIN_KEY, make a key with npx --no pinwheel keys create, or set HOST=127.0.0.1`,
  )
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 65_535
}

/** Exactly as a browser sends it: no path, no default port, small letters. */
function isOrigin(text: string): boolean {
  return text === '*' || (/^https?:[^*]+$/.test(text) && URL.parse(text)?.origin === text)
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}
