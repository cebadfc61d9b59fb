import type { Change } from '../../bandit/experiment/change.ts'
import type { Definition, Experiment } from '../../bandit/experiment/experiment.ts'
import type { ExperimentStore, LedgerStore, NewSnapshot } from '../port.ts'
import { read, type Script, type Scripts, statement, tell, tellPostgres, write } from './script.ts'

type ExperimentRow = Omit<Experiment, 'definition'> & { readonly definition: string }
type ChangeRow = Omit<Change, 'changes'> & { readonly changes: string }

const COLUMNS = `id, definition, salt, status, version, winner,
  created_at AS "createdAt", started_at AS "startedAt", stopped_at AS "stoppedAt"`

const FIND_EXPERIMENTS = statement<ExperimentRow>(`SELECT ${COLUMNS} FROM experiments ORDER BY id`)

const FIND_KEY = statement('SELECT 1 FROM experiments WHERE key = $1')

const CREATE_EXPERIMENT = statement<ExperimentRow>(`
  INSERT INTO experiments (key, salt, status, version, definition, created_at) VALUES ($1, $2, 'draft', 1, $3, $4)
  ON CONFLICT (key) DO NOTHING
  RETURNING ${COLUMNS}`)

/** Until the end of the transaction, and not against assignments and rewards. */
const LOCK_EXPERIMENT = statement('SELECT 1 FROM experiments WHERE id = $1 FOR NO KEY UPDATE')

const CHANGE_EXPERIMENT = statement<ExperimentRow>(`
  UPDATE experiments
  SET definition = $3, status = $4, winner = $5, started_at = $6, stopped_at = $7, version = version + 1
  WHERE id = $1 AND version = $2
  RETURNING ${COLUMNS}`)

const INSERT_CHANGE = statement(`
  INSERT INTO changes (experiment_id, version, at, actor, action, reason, changes) VALUES ($1, $2, $3, $4, $5, $6, $7)`)

const FIND_CHANGES = statement<ChangeRow>(`
  SELECT version, at, actor, action, reason, changes FROM changes WHERE experiment_id = $1 ORDER BY version`)

const FIND_NEXT_SNAPSHOT = statement<{ readonly version: number; readonly number: number }>(`
  SELECT version, 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = $1) AS number
  FROM experiments WHERE id = $1`)

const INSERT_SNAPSHOT = statement(`
  INSERT INTO snapshots
    (experiment_id, number, version, reason, created_at, propensities, all_decided, ledger_units, ledger_rewards,
      weights)
  VALUES ($1, $2, $3, $4, $5, $6, CAST($7 AS integer) = 1, $8, $9, $10)`)

const INSERT_RULE = statement('INSERT INTO snapshot_rules (experiment_id, snapshot, rule) VALUES ($1, $2, $3)')

export const experimentScripts: Scripts<ExperimentStore & Pick<LedgerStore, 'takeSnapshot'>> = {
  *findExperiments() {
    return (yield* read(FIND_EXPERIMENTS)).map(experimentOf)
  },

  *createExperiment({ definition, salt, createdAt }, change) {
    // Where the key is known to be taken, no id is spent on it.
    if ((yield* read(FIND_KEY, [definition.key])).length > 0) return null
    const parameters = [definition.key, salt, JSON.stringify(definition), createdAt]
    const [row] = (yield* write(CREATE_EXPERIMENT, parameters)).rows
    if (row === undefined) return null
    yield* keepChange(row.id, change)
    return experimentOf(row)
  },

  *changeExperiment({ id, version }, state, change, snapshot) {
    yield* tellPostgres(LOCK_EXPERIMENT, [id])
    if (snapshot !== null && !(yield* isNext(id, version, snapshot.number))) return null
    const { definition, status, winner, startedAt, stoppedAt } = state
    const values = [JSON.stringify(definition), status, winner, startedAt, stoppedAt]
    const [row] = (yield* write(CHANGE_EXPERIMENT, [id, version, ...values])).rows
    if (row === undefined) return null
    yield* keepChange(id, change)
    if (snapshot !== null) yield* insertSnapshot(id, snapshot)
    return experimentOf(row)
  },

  *findChanges(experimentId) {
    return (yield* read(FIND_CHANGES, [experimentId])).map(row => ({ ...row, changes: JSON.parse(row.changes) }))
  },

  *takeSnapshot(experimentId, snapshot) {
    yield* tellPostgres(LOCK_EXPERIMENT, [experimentId])
    if (!(yield* isNext(experimentId, snapshot.version, snapshot.number))) return false
    yield* insertSnapshot(experimentId, snapshot)
    return true
  },
}

/** True while the experiment is of this version, and its latest snapshot is the one before. */
function* isNext(experimentId: number, version: number, number: number): Script<boolean> {
  const [next] = yield* read(FIND_NEXT_SNAPSHOT, [experimentId])
  return next?.version === version && next.number === number
}

function* keepChange(experimentId: number, change: Change): Script<void> {
  const { version, at, actor, action, reason, changes } = change
  yield* tell(INSERT_CHANGE, [experimentId, version, at, actor, action, reason, JSON.stringify(changes)])
}

function* insertSnapshot(experimentId: number, snapshot: NewSnapshot): Script<void> {
  const { number, version, reason, createdAt, propensities, allDecided, ledgerSize } = snapshot
  const row = [number, version, reason, createdAt, JSON.stringify(propensities), allDecided ? 1 : 0]
  yield* tell(INSERT_SNAPSHOT, [experimentId, ...row, ledgerSize.units, ledgerSize.rewards, snapshot.weights ?? null])
  if (snapshot.rule !== undefined) yield* tell(INSERT_RULE, [experimentId, number, snapshot.rule])
}

function experimentOf({ definition, ...row }: ExperimentRow): Experiment {
  return { ...row, definition: JSON.parse(definition) as Definition }
}
