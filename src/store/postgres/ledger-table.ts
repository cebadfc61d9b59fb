// The tables `snapshots`, `batches`, `tallies` and `growth`. What one writer has added stands in
// rows of its own; anyone who reads sums them, and keeps what rounding takes from the sums.
import { type CellChange, type CellEntry, type LedgerEntries, sumOfChanges } from '../ledger-entries.ts'
import { addToCell, SNAPSHOT_COLUMNS, type SnapshotRow, snapshotOf } from '../ledger-rows.ts'
import type { LedgerCell, Pulse, SnapshotHead } from '../port.ts'
import { read, type Script, statement } from '../scripts/script.ts'
import { columns } from './connection/columns.ts'
import type { Transaction } from './connection/transaction.ts'

type CellRow = CellChange & Pick<LedgerCell, 'snapshot' | 'arm'>

/** A row for each metric; one without a metric for an experiment without units. */
type PulseRow = Omit<Pulse, 'rewards'> & { readonly metric: number | null; readonly rewards: number }

const ADD_UNITS = statement(`
  INSERT INTO batches (writer, experiment_id, snapshot, units, last_assigned_at)
  SELECT $1::smallint, added.* FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bigint[]) AS added
  ON CONFLICT (experiment_id, snapshot, writer) DO UPDATE SET
    units = batches.units + excluded.units,
    last_assigned_at = greatest(batches.last_assigned_at, excluded.last_assigned_at)`)

const ADD_TO_CELLS = statement(`
  INSERT INTO tallies
    (writer, experiment_id, metric, snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
      delayed_rewards, units_above, units_below, largest)
  SELECT $1::smallint, added.*
  FROM unnest($2::bigint[], $3::integer[], $4::integer[], $5::integer[], $6::bigint[], $7::double precision[],
    $8::double precision[], $9::double precision[], $10::double precision[], $11::bigint[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::double precision[]) AS added
  ON CONFLICT (experiment_id, metric, snapshot, arm, writer) ${addToCell('greatest')}`)

const ADD_TO_GROWTH = statement(`
  INSERT INTO growth (writer, experiment_id, metric, units, rewards)
  SELECT $1::smallint, added.* FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bigint[]) AS added
  ON CONFLICT (experiment_id, metric, writer) DO UPDATE SET
    units = growth.units + excluded.units,
    rewards = growth.rewards + excluded.rewards`)

const FIND_SNAPSHOTS = statement<SnapshotRow>(`
  SELECT ${SNAPSHOT_COLUMNS}, coalesce(batch.units, 0) AS units, batch.last_assigned_at AS "lastAssignedAt"
  FROM snapshots
  CROSS JOIN LATERAL (
    SELECT sum(units)::bigint AS units, max(last_assigned_at) AS last_assigned_at
    FROM batches WHERE experiment_id = $1 AND snapshot = number
  ) AS batch
  WHERE experiment_id = $1 ORDER BY number`)

/** As one text: the thread that answers everybody takes in thousands of rows at half the price. */
const FIND_CELLS = statement<{ readonly cells: string | null }>(`
  SELECT json_agg(json_build_array(snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
    delayed_rewards, units_above, units_below, largest) ORDER BY snapshot, arm, writer)::text AS cells
  FROM tallies WHERE experiment_id = $1 AND metric = $2`)

const CELL_FIELDS = [
  'snapshot',
  'arm',
  'units',
  'sum',
  'sumError',
  'sumOfSquares',
  'sumOfSquaresError',
  'rewards',
  'delayedRewards',
  'unitsAbove',
  'unitsBelow',
  'largestOutcome',
] as const satisfies readonly (keyof CellRow)[]

const READ_PULSE = statement<PulseRow>(`
  SELECT id AS "experimentId", version, metric, coalesce(sum(units), 0)::bigint AS units,
    coalesce(sum(rewards), 0)::bigint AS rewards,
    coalesce((SELECT max(number) FROM snapshots WHERE experiment_id = id), 0) AS snapshot
  FROM experiments LEFT JOIN growth ON experiment_id = id
  GROUP BY id, version, metric ORDER BY id, metric`)

/**
 * Adds what the facts of a transaction come to. Said last, and committed at once: another
 * transaction of this writer waits for the rows. All touch them in one order, so that none waits
 * for one that waits for it.
 */
export function settle(tx: Transaction, entries: LedgerEntries, writer: number): void {
  const { units, cells } = entries.take()
  if (units.length > 0) {
    const rows = units.toSorted((a, b) => a.experimentId - b.experimentId || a.snapshot - b.snapshot)
    tx.write(ADD_UNITS, [writer, ...columns(rows, 'experimentId', 'snapshot', 'units', 'assignedAt')])
  }
  if (cells.length === 0) return
  const rows = cells.toSorted((a, b) => byMetric(a, b) || a.snapshot - b.snapshot || a.arm - b.arm)
  const sums = ['units', 'sum', 'sumError', 'sumOfSquares', 'sumOfSquaresError', 'rewards', 'delayedRewards'] as const
  const clipping = ['unitsAbove', 'unitsBelow', 'largestOutcome'] as const
  const place = ['experimentId', 'metricPosition', 'snapshot', 'arm'] as const
  tx.write(ADD_TO_CELLS, [writer, ...columns(rows, ...place, ...sums, ...clipping)])
  tx.write(ADD_TO_GROWTH, [writer, ...columns(growthOf(rows), 'experimentId', 'metricPosition', 'units', 'rewards')])
}

export function* findSnapshots(experimentId: number): Script<SnapshotHead[]> {
  return (yield* read(FIND_SNAPSHOTS, [experimentId])).map(snapshotOf)
}

export function* findCells(experimentId: number, metricPosition: number): Script<LedgerCell[]> {
  const [found] = yield* read(FIND_CELLS, [experimentId, metricPosition])
  const cells: CellRow[] = []
  for (const values of JSON.parse(found?.cells ?? '[]') as number[][]) {
    const row = {} as Record<keyof CellRow, number>
    for (const [position, field] of CELL_FIELDS.entries()) row[field] = values[position] as number
    const cell = cells.at(-1)
    const isAnotherWriters = cell?.arm === row.arm && cell.snapshot === row.snapshot
    if (isAnotherWriters) cells[cells.length - 1] = { ...row, ...sumOfChanges(cell, row) }
    else cells.push(row)
  }
  return cells.map(({ sum, sumError, sumOfSquares, sumOfSquaresError, ...cell }) => ({
    ...cell,
    sum: sum + sumError,
    sumOfSquares: sumOfSquares + sumOfSquaresError,
  }))
}

/** Every metric counts all units; where there are any, each has its row. */
export function* readPulse(): Script<Pulse[]> {
  const byExperiment = Map.groupBy(yield* read(READ_PULSE), ({ experimentId }) => experimentId)
  return [...byExperiment.values()].map(rows => {
    const { experimentId, version, snapshot, units } = rows[0] as PulseRow
    const rewards = rows.flatMap(row => (row.metric === null ? [] : [row.rewards]))
    return { experimentId, version, snapshot, units, rewards }
  })
}

/** What cells come to, a row for each metric, in their order. */
function growthOf(
  cells: readonly CellEntry[],
): Pick<CellEntry, 'experimentId' | 'metricPosition' | 'units' | 'rewards'>[] {
  const metrics = Map.groupBy(cells, ({ experimentId, metricPosition }) => `${experimentId}/${metricPosition}`)
  return [...metrics.values()].map(entries => ({
    ...(entries[0] as CellEntry),
    units: entries.reduce((sum, { units }) => sum + units, 0),
    rewards: entries.reduce((sum, { rewards }) => sum + rewards, 0),
  }))
}

function byMetric(a: CellEntry, b: CellEntry): number {
  return a.experimentId - b.experimentId || a.metricPosition - b.metricPosition
}
