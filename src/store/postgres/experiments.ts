import type { Change } from '../../bandit/experiment/change.ts'
import type { Definition, Experiment, Status } from '../../bandit/experiment/experiment.ts'
import type { ExperimentStore } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { type Reader, statement } from './connection/statement.ts'
import type { Transaction } from './connection/transaction.ts'
import { findCells, findSnapshots, insertSnapshot } from './ledger-table.ts'

interface ExperimentRow {
  readonly id: number
  readonly definition: string
  readonly salt: string
  readonly status: Status
  readonly version: number
  readonly winner: string | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly stoppedAt: number | null
}

type ChangeRow = Omit<Change, 'changes'> & { readonly changes: string }

const COLUMNS = `id, definition, salt, status, version, winner,
  created_at AS "createdAt", started_at AS "startedAt", stopped_at AS "stoppedAt"`

const FIND_EXPERIMENTS = statement<ExperimentRow>(`SELECT ${COLUMNS} FROM experiments ORDER BY id`)

const FIND_KEY = statement('SELECT 1 FROM experiments WHERE key = $1')

const CREATE_EXPERIMENT = statement<ExperimentRow>(`
  INSERT INTO experiments (key, salt, status, version, definition, created_at) VALUES ($1, $2, 'draft', 1, $3, $4)
  ON CONFLICT (key) DO NOTHING
  RETURNING ${COLUMNS}`)

const LOCK_EXPERIMENT = statement(`
  SELECT 1 FROM experiments WHERE id = $1 AND version = $2 FOR NO KEY UPDATE`)

const CHANGE_EXPERIMENT = statement<ExperimentRow>(`
  UPDATE experiments
  SET definition = $4, status = $5, winner = $6, started_at = $7, stopped_at = $8, version = version + 1
  WHERE id = $1 AND version = $2
    AND ($3::integer IS NULL OR $3 = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = $1))
  RETURNING ${COLUMNS}`)

const INSERT_CHANGE = statement(`
  INSERT INTO changes (experiment_id, version, at, actor, action, reason, changes) VALUES ($1, $2, $3, $4, $5, $6, $7)`)

const FIND_CHANGES = statement<ChangeRow>(`
  SELECT version, at, actor, action, reason, changes FROM changes WHERE experiment_id = $1 ORDER BY version`)

/**
 * Locks an experiment until the end of the transaction, against changes and snapshots but not
 * against assignments and rewards. False: it is not of this version any more.
 */
export async function lockExperiment(tx: Transaction, id: number, version: number): Promise<boolean> {
  return (await tx.ask(LOCK_EXPERIMENT, [id, version])).length === 1
}

export function experimentCommands(connection: Connection): ExperimentStore {
  return {
    findExperiments: async () => (await connection.ask(FIND_EXPERIMENTS)).map(experimentOf),

    createExperiment: ({ definition, salt, createdAt }, change) =>
      connection.transaction(async tx => {
        if ((await tx.ask(FIND_KEY, [definition.key])).length > 0) return null
        const parameters = [definition.key, salt, JSON.stringify(definition), createdAt]
        const [row] = (await tx.write(CREATE_EXPERIMENT, parameters)).rows
        if (row === undefined) return null
        keepChange(tx, row.id, change)
        return experimentOf(row)
      }),

    changeExperiment: ({ id, version }, { definition, status, winner, startedAt, stoppedAt }, change, snapshot) =>
      connection.transaction(async tx => {
        if (!(await lockExperiment(tx, id, version))) return null
        const next = snapshot === null ? null : snapshot.number
        const state = [JSON.stringify(definition), status, winner, startedAt, stoppedAt]
        const [row] = (await tx.write(CHANGE_EXPERIMENT, [id, version, next, ...state])).rows
        if (row === undefined) return null
        keepChange(tx, id, change)
        if (snapshot !== null) insertSnapshot(tx, id, snapshot)
        return experimentOf(row)
      }),

    findChanges: experimentId => findChanges(connection, experimentId),

    readReportFacts: (experimentId, metricPositions) =>
      connection.atOneInstant(async tx => {
        const [snapshots, changes, ...cells] = await Promise.all([
          findSnapshots(tx, experimentId),
          findChanges(tx, experimentId),
          ...metricPositions.map(position => findCells(tx, experimentId, position)),
        ])
        return { snapshots, cells, changes }
      }),
  }
}

async function findChanges(reader: Reader, experimentId: number): Promise<Change[]> {
  return (await reader.ask(FIND_CHANGES, [experimentId])).map(row => ({ ...row, changes: JSON.parse(row.changes) }))
}

function keepChange(tx: Transaction, experimentId: number, change: Change): void {
  const { version, at, actor, action, reason, changes } = change
  tx.write(INSERT_CHANGE, [experimentId, version, at, actor, action, reason, JSON.stringify(changes)])
}

function experimentOf({ definition, ...row }: ExperimentRow): Experiment {
  return { ...row, definition: JSON.parse(definition) as Definition }
}
