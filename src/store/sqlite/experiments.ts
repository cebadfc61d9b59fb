import type Database from 'better-sqlite3'
import type { Change } from '../../bandit/experiment/change.ts'
import type { Definition, Experiment, Status } from '../../bandit/experiment/experiment.ts'
import type { CommandsOf } from '../commands.ts'
import type { ExperimentStore } from '../port.ts'
import type { Ledger } from './ledger.ts'

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
  created_at AS createdAt, started_at AS startedAt, stopped_at AS stoppedAt`

export function experimentCommands(db: Database.Database, ledger: Ledger): CommandsOf<ExperimentStore> {
  const findExperiments = db.prepare<[], ExperimentRow>(`SELECT ${COLUMNS} FROM experiments ORDER BY id`)

  const createExperiment = db.prepare<[string, string, string, number], ExperimentRow>(`
    INSERT INTO experiments (key, salt, status, version, definition, created_at) VALUES (?, ?, 'draft', 1, ?, ?)
    ON CONFLICT (key) DO NOTHING
    RETURNING ${COLUMNS}`)

  const changeExperiment = db.prepare<unknown[], ExperimentRow>(`
    UPDATE experiments
    SET definition = :definition, status = :status, winner = :winner, started_at = :startedAt, stopped_at = :stoppedAt,
      version = version + 1
    WHERE id = :id AND version = :version
      AND (:next IS NULL OR :next = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = :id))
    RETURNING ${COLUMNS}`)

  const insertChange = db.prepare(`
    INSERT INTO changes (experiment_id, version, at, actor, action, reason, changes) VALUES (?, ?, ?, ?, ?, ?, ?)`)

  const findChanges = db.prepare<[number], ChangeRow>(`
    SELECT version, at, actor, action, reason, changes FROM changes WHERE experiment_id = ? ORDER BY version`)

  function keepChange(experimentId: number, { version, at, actor, action, reason, changes }: Change): void {
    insertChange.run(experimentId, version, at, actor, action, reason, JSON.stringify(changes))
  }

  function changesOf(experimentId: number): Change[] {
    return findChanges.all(experimentId).map(row => ({ ...row, changes: JSON.parse(row.changes) }))
  }

  const readReportFacts = db.transaction((experimentId: number, metricPositions: readonly number[]) => ({
    snapshots: ledger.heads(experimentId),
    cells: metricPositions.map(position => ledger.read(experimentId, position).cells),
    changes: changesOf(experimentId),
  }))

  return {
    findExperiments: () => findExperiments.all().map(experimentOf),

    createExperiment: ({ definition, salt, createdAt }, change) => {
      const row = createExperiment.get(definition.key, salt, JSON.stringify(definition), createdAt)
      if (row === undefined) return null
      keepChange(row.id, change)
      return experimentOf(row)
    },

    changeExperiment: ({ id, version }, { definition, status, winner, startedAt, stoppedAt }, change, snapshot) => {
      const next = snapshot === null ? null : snapshot.number
      const state = { definition: JSON.stringify(definition), status, winner, startedAt, stoppedAt }
      const row = changeExperiment.get({ id, version, next, ...state })
      if (row === undefined) return null
      keepChange(id, change)
      if (snapshot !== null) ledger.insertSnapshot(id, snapshot)
      return experimentOf(row)
    },

    findChanges: changesOf,

    readReportFacts: (experimentId, metricPositions) => readReportFacts(experimentId, metricPositions),
  }
}

function experimentOf({ definition, ...row }: ExperimentRow): Experiment {
  return { ...row, definition: JSON.parse(definition) as Definition }
}
