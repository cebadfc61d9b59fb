// The database: looked at before it is trusted, and brought up to date.
import { Client, type ClientConfig, DatabaseError as PgError } from 'pg'
import { DatabaseError } from '../database-error.ts'
import { type AppliedMigration, type Migration, pendingMigrations, readMigrations } from '../migrate.ts'

const NO_SUCH_TABLE = '42P01'

/**
 * Two processes that create the same table at once: the second is told so, in one of these ways.
 */
const THERE_ALREADY: readonly (string | undefined)[] = ['23505', '42P07', '42710']

/**
 * Connects, and brings the schema up to date; `name` names the database in messages.
 *
 * @throws DatabaseError
 */
export async function prepareDatabase(config: ClientConfig, name: string): Promise<void> {
  const client = new Client({ ...config, pipeline: false, query_timeout: undefined })
  client.on('error', () => {})
  try {
    await client.connect()
    await checkEncoding(client)
    await migrate(client)
  } catch (error) {
    throw DatabaseError.from(name, error)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Units may hold any Unicode. */
async function checkEncoding(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding')
  const encoding = rows[0]?.server_encoding
  if (encoding === 'UTF8') return
  throw new DatabaseError(
    `Cannot open the database: its encoding is ${encoding}; create it with ENCODING 'UTF8' TEMPLATE template0`,
  )
}

async function migrate(client: Client): Promise<void> {
  const known = readMigrations('postgres')
  // As a rule there is nothing to do, and then nothing is locked, and nothing written.
  if (pendingMigrations(known, await findApplied(client)).length === 0) return
  await createMigrations(client)
  await client.query('BEGIN')
  await lockMigrations(client)
  for (const migration of pendingMigrations(known, await findApplied(client))) await run(client, migration)
  await client.query('COMMIT')
}

async function findApplied(client: Client): Promise<AppliedMigration[]> {
  try {
    const sql = 'SELECT number, name, checksum FROM migrations WHERE number > 0 ORDER BY number'
    return (await client.query<AppliedMigration>(sql)).rows
  } catch (error) {
    if (error instanceof PgError && error.code === NO_SUCH_TABLE) return []
    throw error
  }
}

async function createMigrations(client: Client): Promise<void> {
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS migrations (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      checksum TEXT NOT NULL
    )`)
  } catch (error) {
    if (!(error instanceof PgError && THERE_ALREADY.includes(error.code))) throw error
  }
}

/**
 * Row 0 is no migration: it is there to be locked, so that of processes that start together the
 * second finds the work done.
 */
async function lockMigrations(client: Client): Promise<void> {
  await client.query(`INSERT INTO migrations VALUES (0, 'lock', '') ON CONFLICT (number) DO NOTHING`)
  await client.query('SELECT FROM migrations WHERE number = 0 FOR UPDATE')
}

async function run(client: Client, { number, name, sql, checksum }: Migration): Promise<void> {
  await client.query(sql)
  await client.query('INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)', [number, name, checksum])
}
