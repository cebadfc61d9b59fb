// How a connection is set up and ended, and what it makes of the server's values.
import type { Client, ClientConfig } from 'pg'

/** A server that is there answers within this. */
const CONNECT_TIMEOUT_MS = 3_000

/** One that has not answered for so long is gone: a network may lose it without a word. */
const ANSWER_TIMEOUT_MS = 10_000

/** A server that is left and does not answer is not waited for. */
const LEAVE_TIMEOUT_MS = 1_000

/** For `pg.Client`. */
export function clientConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'pinwheel',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: ANSWER_TIMEOUT_MS,
    pipeline: true,
    types: { getTypeParser: ((type: number) => PARSERS.get(type) ?? String) as GetTypeParser },
  }
}

export async function endClient(client: Client): Promise<void> {
  const hurry = setTimeout(() => client.connection.stream.destroy(), LEAVE_TIMEOUT_MS)
  await client.end().catch(() => {})
  clearTimeout(hurry)
}

/** Without the user and the password. */
export function nameOf(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

type GetTypeParser = NonNullable<ClientConfig['types']>['getTypeParser']

const PARSERS = new Map<number, (text: string) => unknown>([
  [16, text => text === 't'], // boolean
  [17, text => Buffer.from(text.slice(2), 'hex')], // bytea
  [20, integerOf], // bigint
  [21, Number], // smallint
  [23, Number], // integer
  [701, Number], // double precision
  [1022, text => JSON.parse(`[${text.slice(1, -1)}]`)], // double precision[]
])

/** Instants and counts are far below 2⁵³. */
function integerOf(text: string): number {
  const integer = Number(text)
  if (Number.isSafeInteger(integer)) return integer
  throw new RangeError(`The database has the number ${text}, which is beyond 2⁵³`)
}

/**
 * Anyone who waits for another's row gives up after half a second, since /assign is to answer
 * within one. Keys are always looked up by their index: a plan is made once, and one made on an
 * empty table would read the whole of it for ever.
 */
export const SET_UP = settings({
  lock_timeout: '500',
  idle_in_transaction_session_timeout: '5000',
  client_connection_check_interval: '2000',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
})

/**
 * Settings of a session, each where the engine knows it (those that only speak PostgreSQL's
 * language do not know them all). Doubles are told to the bit. `synchronous_commit` stays as the
 * server has it unless it is off: an acknowledged commit is on disk at least.
 */
export function settings(wanted: Readonly<Record<string, string>>): string {
  const all = Object.entries({ synchronous_commit: 'on', extra_float_digits: '3', ...wanted })
  return `
    SELECT set_config(wanted.name, wanted.setting, false)
    FROM pg_settings
    JOIN (VALUES ${all.map(([name, setting]) => `('${name}', '${setting}')`)}) AS wanted (name, setting)
      ON wanted.name = pg_settings.name
    WHERE wanted.name <> 'synchronous_commit' OR pg_settings.setting = 'off'`
}
