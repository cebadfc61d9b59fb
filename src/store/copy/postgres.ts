// A PostgreSQL database to be copied from, and one to be copied to. A copy knows one writer: what
// several have added to a cell of the ledger is summed as anyone who reads the ledger sums it.
import { Client } from 'pg'
import { clientConfig, endClient, nameOf, settings } from '../postgres/connection/session.ts'
import { ONE_INSTANT, READ_COMMITTED } from '../postgres/connection/transaction.ts'
import { hexOf } from '../postgres/context-sums.ts'
import { prepareDatabase } from '../postgres/database.ts'
import { asClientError, asStoreError } from '../postgres/store-failure.ts'
import type { Parameter } from '../scripts/script.ts'
import { sumTallies } from './sum-tallies.ts'
import {
  type ColumnType,
  type CopySource,
  type CopyTarget,
  type Row,
  SLICE_ROWS,
  TABLES,
  type Table,
} from './tables.ts'

/** @throws DatabaseError, StoreUnavailableError */
export async function openPostgresSource(url: string): Promise<CopySource> {
  const client = await connect(url)
  await say(client, ONE_INSTANT)
  return {
    count: ({ name, key }) =>
      count(client, name === 'tallies' ? `(SELECT DISTINCT ${key} FROM tallies) AS cell` : name),

    read: table => (table.name === 'tallies' ? sumTallies(readRows(client, table)) : readRows(client, table)),

    close: () => endClient(client),
  }
}

/** @throws DatabaseError, StoreUnavailableError */
export async function openPostgresTarget(url: string): Promise<CopyTarget> {
  const client = await connect(url)
  await say(client, READ_COMMITTED)
  // Others may read meanwhile, and see it empty.
  await say(client, `LOCK TABLE ${TABLES.map(({ name }) => name)}, batches, growth, event_ids IN EXCLUSIVE MODE`)
  return {
    count: ({ name }) => count(client, name),

    write: (table, rows) => write(client, table, rows),

    async commit() {
      for (const sql of DERIVED) await say(client, sql)
      await say(client, 'COMMIT')
    },

    close: () => endClient(client),
  }
}

/** Nothing is given up for taking long. */
const PATIENT = settings({ statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' })

/** A connection that may take its time. */
async function connect(url: string): Promise<Client> {
  const config = clientConfig(url)
  await prepareDatabase(config, nameOf(url))
  const client = new Client({ ...config, pipeline: false, query_timeout: undefined })
  client.on('error', () => {})
  await client.connect()
  await say(client, PATIENT)
  return client
}

/** Where rows are kept otherwise than they go over. */
const SOURCES: Readonly<Record<string, string>> = {
  snapshots: `(
    SELECT snapshots.*, coalesce(batch.units, 0) AS units, batch.last_assigned_at
    FROM snapshots LEFT JOIN (
      SELECT experiment_id, snapshot, sum(units)::bigint AS units, max(last_assigned_at) AS last_assigned_at
      FROM batches GROUP BY experiment_id, snapshot
    ) AS batch ON batch.experiment_id = snapshots.experiment_id AND snapshot = number
  ) AS snapshots`,
}

async function* readRows(client: Client, { name, columns, key, sliceRows = SLICE_ROWS }: Table): AsyncGenerator<Row[]> {
  const order = name === 'tallies' ? [...key, 'writer'] : key
  const selected = Object.entries(columns).map(([column, type]) => (type === 'boolean' ? `${column}::integer` : column))
  await say(
    client,
    `DECLARE rows_of_${name} NO SCROLL CURSOR FOR SELECT ${selected} FROM ${SOURCES[name] ?? name} ORDER BY ${order}`,
  )
  while (true) {
    const slice = await say<Row>(client, `FETCH ${sliceRows} FROM rows_of_${name}`)
    if (slice.length === 0) break
    yield slice
  }
  await say(client, `CLOSE rows_of_${name}`)
}

const ARRAYS: Readonly<Record<ColumnType, string>> = {
  integer: 'bigint[]',
  double: 'double precision[]',
  text: 'text[]',
  boolean: 'boolean[]',
  bytes: 'bytea[]',
}

/** Rows go over as columns: one array each. */
async function write(client: Client, { name, columns }: Table, rows: readonly Row[]): Promise<void> {
  const names = Object.keys(columns)
  const types = Object.values(columns)
  const arrays = types.map((type, position) => arrayOf(type, rows, position))
  const unnested = `unnest(${types.map((type, position) => `$${position + 1}::${ARRAYS[type]}`)}) AS added (${names})`
  const inserted = name === 'snapshots' ? names.filter(column => !BATCH_COLUMNS.includes(column)) : names
  const also = name === 'tallies' ? { into: ', writer', from: ', 0' } : { into: '', from: '' }
  await say(
    client,
    `INSERT INTO ${name} (${inserted}${also.into}) OVERRIDING SYSTEM VALUE SELECT ${inserted}${also.from} FROM ${unnested}`,
    arrays,
  )
  if (name !== 'snapshots') return
  await say(
    client,
    `INSERT INTO batches (experiment_id, snapshot, writer, units, last_assigned_at)
    SELECT experiment_id, number, 0, units, last_assigned_at FROM ${unnested} WHERE units > 0`,
    arrays,
  )
}

/** They are in a table of their own here. */
const BATCH_COLUMNS: readonly string[] = ['units', 'last_assigned_at']

/** Columns whose numbers the server gives, from the last one on. */
const IDENTITIES: Readonly<Record<string, string>> = { experiments: 'id', keys: 'id', messages: 'sequence' }

/** What the server needs beside the rows themselves. */
const DERIVED = [
  `INSERT INTO growth (experiment_id, metric, writer, units, rewards)
  SELECT experiment_id, metric, 0, sum(units), sum(rewards) FROM tallies GROUP BY experiment_id, metric`,
  `INSERT INTO event_ids (experiment_id, event_id, metric)
  SELECT experiment_id, event_id, metric FROM rewards WHERE event_id IS NOT NULL ORDER BY experiment_id, event_id, metric`,
  ...Object.entries(IDENTITIES).map(
    ([table, column]) =>
      `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), max(${column})) FROM ${table} HAVING count(*) > 0`,
  ),
]

function arrayOf(type: ColumnType, rows: readonly Row[], position: number): Parameter {
  if (type === 'text') return rows.map(row => row[position] as string | null)
  if (type === 'bytes') return rows.map(row => hexOf(row[position] as Uint8Array))
  return `{${rows.map(row => row[position] ?? 'NULL').join(',')}}`
}

async function count(client: Client, relation: string): Promise<number> {
  const [row] = await say<[number]>(client, `SELECT count(*) FROM ${relation}`)
  return row?.[0] ?? 0
}

/** What it answers, each row as a list. */
async function say<Answer>(client: Client, text: string, values?: Parameter[]): Promise<Answer[]> {
  try {
    const { rows } = await client.query({ text, rowMode: 'array', ...(values !== undefined && { values }) })
    return rows as Answer[]
  } catch (error) {
    throw asStoreError(asClientError(error))
  }
}
