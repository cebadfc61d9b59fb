// The statements on the tables `snapshots`, `tallies` and `context_sums`.
import { addToCell, SNAPSHOT_COLUMNS, type SnapshotRow, snapshotOf } from '../ledger-rows.ts'
import type { LedgerCell, Pulse, SnapshotHead } from '../port.ts'
import { read, type Script, statement } from '../scripts/script.ts'

const CELL_COLUMNS = `snapshot, arm, units, sum + sum_error AS sum, sum_of_squares + sum_of_squares_error AS sumOfSquares,
  rewards, delayed_rewards AS delayedRewards, units_above AS unitsAbove, units_below AS unitsBelow,
  largest AS largestOutcome`

/** Counts newly assigned units of a snapshot: a `UnitsEntry`. */
export const ADD_UNITS = `
  UPDATE snapshots SET units = units + :units, last_assigned_at = max(coalesce(last_assigned_at, 0), :assignedAt)
  WHERE experiment_id = :experimentId AND number = :snapshot`

/** Adds a `CellEntry` to its cell, and creates it at need; answers the cell as it is then. */
export const ADD_TO_CELL = `
  INSERT INTO tallies
    (experiment_id, metric, snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
      delayed_rewards, units_above, units_below, largest)
  VALUES
    (:experimentId, :metricPosition, :snapshot, :arm, :units, :sum, :sumError, :sumOfSquares, :sumOfSquaresError,
      :rewards, :delayedRewards, :unitsAbove, :unitsBelow, :largestOutcome)
  ON CONFLICT (experiment_id, metric, snapshot, arm) ${addToCell('max')}
  RETURNING ${CELL_COLUMNS}`

export const FIND_SUMS = `
  SELECT sums FROM context_sums
  WHERE experiment_id = :experimentId AND snapshot = :snapshot AND part = :part AND writer = 0`

export const KEEP_SUMS = `
  INSERT INTO context_sums (experiment_id, snapshot, part, writer, sums)
  VALUES (:experimentId, :snapshot, :part, 0, :bytes)
  ON CONFLICT (experiment_id, snapshot, part, writer) DO UPDATE SET sums = excluded.sums`

const FIND_SNAPSHOTS = statement<SnapshotRow>(`
  SELECT ${SNAPSHOT_COLUMNS}, units, last_assigned_at AS lastAssignedAt
  FROM snapshots WHERE experiment_id = $1 ORDER BY number`)

const FIND_CELLS = statement<LedgerCell>(`
  SELECT ${CELL_COLUMNS} FROM tallies WHERE experiment_id = $1 AND metric = $2 ORDER BY snapshot, arm`)

const COUNT_UNITS = statement<Omit<Pulse, 'rewards'>>(`
  SELECT id AS experimentId, experiments.version, coalesce(max(number), 0) AS snapshot, coalesce(sum(units), 0) AS units
  FROM experiments LEFT JOIN snapshots ON experiment_id = id GROUP BY id ORDER BY id`)

const COUNT_REWARDS = statement<{ readonly rewards: number }>(`
  SELECT sum(rewards) AS rewards FROM tallies WHERE experiment_id = $1 GROUP BY metric ORDER BY metric`)

export function* findSnapshots(experimentId: number): Script<SnapshotHead[]> {
  return (yield* read(FIND_SNAPSHOTS, [experimentId])).map(snapshotOf)
}

export function findCells(experimentId: number, metricPosition: number): Script<LedgerCell[]> {
  return read(FIND_CELLS, [experimentId, metricPosition])
}

/** Every metric has a cell wherever there are units, so their positions leave no gaps. */
export function* readPulse(): Script<Pulse[]> {
  const pulses: Pulse[] = []
  for (const pulse of yield* read(COUNT_UNITS)) {
    const rows = yield* read(COUNT_REWARDS, [pulse.experimentId])
    pulses.push({ ...pulse, rewards: rows.map(({ rewards }) => rewards) })
  }
  return pulses
}
