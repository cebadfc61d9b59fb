// The settings of a service, from the environment.
import { isIP } from 'node:net'
import { parseRate } from '../access/token-bucket.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** A second port, for probes only; null: none. */
  readonly probePort: number | null
  readonly databaseUrl: string
  /** A key with all scopes; null: only keys of the store are valid. */
  readonly adminKey: string | null
  /** As `100/s`: for keys without a rate of their own; null: the defaults of the keyring. */
  readonly rateLimit: string | null
  /** For CORS, as `https://shop.example`; `*`: all. */
  readonly allowedOrigins: ReadonlySet<string>
  readonly logLevel: LogLevel
  /** How many processes share the address and the store. */
  readonly workers: number
  /** Webhooks may point to loopback and private addresses. */
  readonly allowsPrivateTargets: boolean
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The message names every fault of the environment. */
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
  const expect = (isRight: boolean, message: string) => {
    if (!isRight) faults.push(message)
  }
  expect(isPort(port), 'PORT must be a number from 0 to 65535')
  expect(probePort === null || isPort(probePort), 'PROBE_PORT must be a number from 0 to 65535')
  expect(!probePort || probePort !== port, 'PROBE_PORT must be another one than PORT')
  expect(Number.isInteger(workers) && workers >= 1 && workers <= 64, 'WORKERS must be a number from 1 to 64')
  expect(logLevel !== undefined, `LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`)
  expect(/^(allow|refuse)$/.test(privateTargets), 'WEBHOOK_PRIVATE_TARGETS must be allow or refuse')
  if (adminKey !== null) {
    const advice = `PINWHEEL_ADMIN_KEY must have at least ${MIN_KEY_LENGTH} characters; try: openssl rand -base64 24`
    expect(adminKey.length >= MIN_KEY_LENGTH, advice)
    expect(adminKey.length <= MAX_KEY_LENGTH, `PINWHEEL_ADMIN_KEY must have at most ${MAX_KEY_LENGTH} characters`)
  }
  const isRate = rateLimit === null || parseRate(rateLimit) !== null
  expect(isRate, 'RATE_LIMIT must be like 100/s, 5000/m or 100000/h')
  for (const origin of allowedOrigins) {
    expect(isOrigin(origin), `ALLOWED_ORIGINS must have origins like https://shop.example, or *, not ${origin}`)
  }
  if (faults.length > 0 || logLevel === undefined) throw new ConfigError(`Cannot start: ${faults.join('; ')}`)
  return {
    host,
    port,
    probePort,
    databaseUrl: databaseUrlIn(environment),
    adminKey,
    rateLimit,
    allowedOrigins,
    logLevel,
    workers,
    allowsPrivateTargets: privateTargets === 'allow',
  }
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
