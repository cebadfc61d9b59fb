// What a database has, table by table, whichever engine keeps it: what a copy carries over. What an
// engine has beside this (rows of several writers, an index that is a table) it derives when it is
// written to.

/** An `integer` may be as large as 2⁵³; a `boolean` goes over as 0 or 1. */
export type ColumnType = 'integer' | 'double' | 'text' | 'boolean' | 'bytes'

/** A value of each column, in their order. */
export type Row = readonly (number | string | Uint8Array | null)[]

export interface Table {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Tells rows apart, and orders them. */
  readonly key: readonly string[]
  /** So many rows are in memory at once, unless `SLICE_ROWS`. */
  readonly sliceRows?: number
}

/** A database as it is at one instant. */
export interface CopySource {
  count(table: Table): Promise<number>
  /** All rows in the order of their key, in slices. */
  read(table: Table): AsyncIterable<readonly Row[]>
  close(): Promise<void>
}

/** A transaction on a database that nobody else can write to meanwhile. */
export interface CopyTarget {
  count(table: Table): Promise<number>
  write(table: Table, rows: readonly Row[]): Promise<void>
  commit(): Promise<void>
  /** Without a commit before, nothing was written. */
  close(): Promise<void>
}

export const SLICE_ROWS = 5_000

/** Definitions, histories, messages, rules and sums: up to a megabyte each. */
const WIDE = 50

/** In this order no row refers to one that is not there yet. */
export const TABLES: readonly Table[] = [
  {
    name: 'experiments',
    key: ['id'],
    sliceRows: WIDE,
    columns: columnsIn(`
      id integer, key text, salt text, status text, version integer, definition text, winner text,
      created_at integer, started_at integer, stopped_at integer`),
  },
  {
    name: 'changes',
    key: ['experiment_id', 'version'],
    sliceRows: WIDE,
    columns: columnsIn(`
      experiment_id integer, version integer, at integer, actor text, action text, reason text,
      changes text`),
  },
  {
    name: 'snapshots',
    key: ['experiment_id', 'number'],
    columns: columnsIn(`
      experiment_id integer, number integer, version integer, reason text, created_at integer,
      propensities text, ledger_units integer, ledger_rewards integer, units integer,
      last_assigned_at integer, all_decided boolean, weights text`),
  },
  {
    name: 'snapshot_rules',
    key: ['experiment_id', 'snapshot'],
    sliceRows: WIDE,
    columns: columnsIn('experiment_id integer, snapshot integer, rule text'),
  },
  {
    // What they mean the store does not know, so rows of several writers go over as they are.
    name: 'context_sums',
    key: ['experiment_id', 'snapshot', 'part', 'writer'],
    sliceRows: WIDE,
    columns: columnsIn('experiment_id integer, snapshot integer, part text, writer integer, sums bytes'),
  },
  {
    name: 'tallies',
    key: ['experiment_id', 'metric', 'snapshot', 'arm'],
    columns: columnsIn(`
      experiment_id integer, metric integer, snapshot integer, arm integer, units integer, sum double,
      sum_of_squares double, sum_error double, sum_of_squares_error double, rewards integer,
      delayed_rewards integer, units_above integer, units_below integer, largest double`),
  },
  {
    name: 'assignments',
    key: ['experiment_id', 'unit'],
    columns: columnsIn(`
      experiment_id integer, unit text, arm integer, propensity double, snapshot integer,
      assigned_at integer, context text`),
  },
  {
    name: 'rewards',
    key: ['experiment_id', 'unit', 'metric', 'sequence'],
    columns: columnsIn(`
      experiment_id integer, unit text, metric integer, sequence integer, value double, at integer,
      counted boolean, total double, event_id text`),
  },
  {
    name: 'archives',
    key: ['experiment_id', 'number', 'facts'],
    columns: columnsIn(`
      experiment_id integer, number integer, facts text, file text, sha256 text, row_count integer,
      archived_at integer`),
  },
  {
    name: 'archived_tallies',
    key: ['experiment_id', 'metric', 'snapshot', 'arm'],
    columns: columnsIn(`
      experiment_id integer, metric integer, snapshot integer, arm integer, units integer, sum double,
      sum_of_squares double, rewards integer, delayed_rewards integer, units_above integer,
      units_below integer, largest double, last_assigned_at integer`),
  },
  {
    name: 'keys',
    key: ['id'],
    columns: columnsIn(`
      id integer, name text, kind text, scopes text, digest text, hint text, rate text,
      created_at integer, expires_at integer, replaced_at integer, revoked_at integer`),
  },
  {
    name: 'key_changes',
    key: ['number'],
    columns: columnsIn(`
      number integer, at integer, actor text, action text, name text, hint text, changes text`),
  },
  {
    name: 'webhooks',
    key: ['id'],
    columns: columnsIn(`
      id text, url text, events text, experiment_id integer, secret text, created_at integer,
      failures integer, next_attempt_at integer, last_delivered_at integer, last_failed_at integer,
      last_error text, given_up integer`),
  },
  {
    name: 'announcements',
    key: ['experiment_id', 'subject'],
    columns: columnsIn(`
      experiment_id integer, subject text, state text, at integer`),
  },
  {
    name: 'messages',
    key: ['sequence'],
    sliceRows: WIDE,
    columns: columnsIn(`
      sequence integer, webhook_id text, id text, body text, queued_at integer`),
  },
]

function columnsIn(text: string): Record<string, ColumnType> {
  const pairs = text.split(',').map(column => column.trim().split(' ') as [string, ColumnType])
  return Object.fromEntries(pairs)
}
