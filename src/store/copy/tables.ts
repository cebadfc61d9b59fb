// What a database has, table by table, whichever engine keeps it: what a copy carries over. What an
// engine has beside this (rows of several writers, an index that is a table) it derives when it is
// written to.

/** An `integer` may be as large as 2⁵³; a `boolean` goes over as 0 or 1. */
export type ColumnType = 'integer' | 'double' | 'text' | 'boolean'

/** A value of each column, in their order. */
export type Row = readonly (number | string | null)[]

export interface Table {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Tells rows apart, and orders them. */
  readonly key: readonly string[]
  /** So many rows are in memory at once. */
  readonly sliceRows: number
}

/** Definitions, histories and messages: up to a megabyte each. */
const WIDE = 50
const NARROW = 5_000

/** In this order no row refers to one that is not there yet. */
export const TABLES = [
  {
    name: 'experiments',
    columns: {
      id: 'integer',
      key: 'text',
      salt: 'text',
      status: 'text',
      version: 'integer',
      definition: 'text',
      winner: 'text',
      created_at: 'integer',
      started_at: 'integer',
      stopped_at: 'integer',
    },
    key: ['id'],
    sliceRows: WIDE,
  },
  {
    name: 'changes',
    columns: {
      experiment_id: 'integer',
      version: 'integer',
      at: 'integer',
      actor: 'text',
      action: 'text',
      reason: 'text',
      changes: 'text',
    },
    key: ['experiment_id', 'version'],
    sliceRows: WIDE,
  },
  {
    name: 'snapshots',
    columns: {
      experiment_id: 'integer',
      number: 'integer',
      version: 'integer',
      reason: 'text',
      created_at: 'integer',
      propensities: 'text',
      ledger_units: 'integer',
      ledger_rewards: 'integer',
      units: 'integer',
      last_assigned_at: 'integer',
      all_decided: 'boolean',
    },
    key: ['experiment_id', 'number'],
    sliceRows: NARROW,
  },
  {
    name: 'tallies',
    columns: {
      experiment_id: 'integer',
      metric: 'integer',
      snapshot: 'integer',
      arm: 'integer',
      units: 'integer',
      sum: 'double',
      sum_of_squares: 'double',
      sum_error: 'double',
      sum_of_squares_error: 'double',
      rewards: 'integer',
      delayed_rewards: 'integer',
      units_above: 'integer',
      units_below: 'integer',
      largest: 'double',
    },
    key: ['experiment_id', 'metric', 'snapshot', 'arm'],
    sliceRows: NARROW,
  },
  {
    name: 'assignments',
    columns: {
      experiment_id: 'integer',
      unit: 'text',
      arm: 'integer',
      propensity: 'double',
      snapshot: 'integer',
      assigned_at: 'integer',
    },
    key: ['experiment_id', 'unit'],
    sliceRows: NARROW,
  },
  {
    name: 'rewards',
    columns: {
      experiment_id: 'integer',
      unit: 'text',
      metric: 'integer',
      sequence: 'integer',
      value: 'double',
      at: 'integer',
      counted: 'boolean',
      total: 'double',
      event_id: 'text',
    },
    key: ['experiment_id', 'unit', 'metric', 'sequence'],
    sliceRows: NARROW,
  },
  {
    name: 'archives',
    columns: {
      experiment_id: 'integer',
      number: 'integer',
      facts: 'text',
      file: 'text',
      sha256: 'text',
      row_count: 'integer',
      archived_at: 'integer',
    },
    key: ['experiment_id', 'number', 'facts'],
    sliceRows: NARROW,
  },
  {
    name: 'archived_tallies',
    columns: {
      experiment_id: 'integer',
      metric: 'integer',
      snapshot: 'integer',
      arm: 'integer',
      units: 'integer',
      sum: 'double',
      sum_of_squares: 'double',
      rewards: 'integer',
      delayed_rewards: 'integer',
      units_above: 'integer',
      units_below: 'integer',
      largest: 'double',
      last_assigned_at: 'integer',
    },
    key: ['experiment_id', 'metric', 'snapshot', 'arm'],
    sliceRows: NARROW,
  },
  {
    name: 'keys',
    columns: {
      id: 'integer',
      name: 'text',
      kind: 'text',
      scopes: 'text',
      digest: 'text',
      hint: 'text',
      rate: 'text',
      created_at: 'integer',
      expires_at: 'integer',
      replaced_at: 'integer',
      revoked_at: 'integer',
    },
    key: ['id'],
    sliceRows: NARROW,
  },
  {
    name: 'key_changes',
    columns: {
      number: 'integer',
      at: 'integer',
      actor: 'text',
      action: 'text',
      name: 'text',
      hint: 'text',
      changes: 'text',
    },
    key: ['number'],
    sliceRows: NARROW,
  },
  {
    name: 'webhooks',
    columns: {
      id: 'text',
      url: 'text',
      events: 'text',
      experiment_id: 'integer',
      secret: 'text',
      created_at: 'integer',
      failures: 'integer',
      next_attempt_at: 'integer',
      last_delivered_at: 'integer',
      last_failed_at: 'integer',
      last_error: 'text',
      given_up: 'integer',
    },
    key: ['id'],
    sliceRows: NARROW,
  },
  {
    name: 'announcements',
    columns: { experiment_id: 'integer', subject: 'text', state: 'text', at: 'integer' },
    key: ['experiment_id', 'subject'],
    sliceRows: NARROW,
  },
  {
    name: 'messages',
    columns: { sequence: 'integer', webhook_id: 'text', id: 'text', body: 'text', queued_at: 'integer' },
    key: ['sequence'],
    sliceRows: WIDE,
  },
] as const satisfies readonly Table[]

export type TableName = (typeof TABLES)[number]['name']
