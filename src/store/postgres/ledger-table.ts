// The tables `snapshots`, `batches`, `tallies` and `growth`. What one writer has added stands in
// rows of its own; anyone who reads sums them, and keeps what rounding takes from the sums.

import {
  type CellChange,
  type CellEntry,
  type LedgerEntries,
  sumOfChanges,
  type UnitsEntry,
} from '../ledger-entries.ts'
import type { LedgerCell, Snapshot, SnapshotHead, SnapshotReason } from '../port.ts'
import { column, columnar, rowsIn } from './connection/columnar.ts'
import { columns, type Parameter, type Reader, statement } from './connection/statement.ts'
import type { Transaction, Written } from './connection/transaction.ts'

interface SnapshotRow extends Omit<Snapshot, 'propensities' | 'ledgerSize'> {
  readonly reason: SnapshotReason
  readonly propensities: string
  readonly ledgerUnits: number
  readonly ledgerRewards: number
}

type CellRow = CellChange & Pick<LedgerCell, 'snapshot' | 'arm'>
const INSERT_SNAPSHOT = statement(`
  INSERT INTO snapshots
    (experiment_id, number, version, reason, created_at, propensities, all_decided, ledger_units, ledger_rewards)
  SELECT $1::bigint, $2::integer, $3::integer, $4::text, $5::bigint, $6::text, $7::boolean, $8::bigint, $9::bigint
  WHERE $2::integer = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = $1::bigint)`)

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
  ON CONFLICT (experiment_id, metric, snapshot, arm, writer) DO UPDATE SET
    units = tallies.units + excluded.units,
    ${compensated('sum')},
    ${compensated('sum_of_squares')},
    rewards = tallies.rewards + excluded.rewards,
    delayed_rewards = tallies.delayed_rewards + excluded.delayed_rewards,
    units_above = tallies.units_above + excluded.units_above,
    units_below = tallies.units_below + excluded.units_below,
    largest = greatest(tallies.largest, excluded.largest)`)

const ADD_TO_GROWTH = statement(`
  INSERT INTO growth (writer, experiment_id, metric, units, rewards)
  SELECT $1::smallint, added.* FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bigint[]) AS added
  ON CONFLICT (experiment_id, metric, writer) DO UPDATE SET
    units = growth.units + excluded.units,
    rewards = growth.rewards + excluded.rewards`)

const FIND_SNAPSHOTS = statement<SnapshotRow>(`
  SELECT number, version, reason, created_at AS "createdAt", propensities, all_decided AS "allDecided",
    ledger_units AS "ledgerUnits", ledger_rewards AS "ledgerRewards"
  FROM snapshots WHERE experiment_id = $1 ORDER BY number`)

const FIND_BATCHES = columnar<'number' | 'units' | 'lastAssignedAt'>(`
  SELECT ${column('snapshot', 'number')}, ${column('units')}, ${column('last_assigned_at', 'lastAssignedAt')}
  FROM (
    SELECT snapshot, sum(units) AS units, max(last_assigned_at) AS last_assigned_at
    FROM batches WHERE experiment_id = $1 GROUP BY snapshot
  ) AS batch`)

const BY_CELL = 'ORDER BY snapshot, arm, writer'
const FIND_CELLS = columnar<keyof CellRow>(`
  SELECT ${column('snapshot', 'snapshot', BY_CELL)}, ${column('arm', 'arm', BY_CELL)}, ${column('units', 'units', BY_CELL)},
    ${column('sum', 'sum', BY_CELL)}, ${column('sum_error', 'sumError', BY_CELL)},
    ${column('sum_of_squares', 'sumOfSquares', BY_CELL)}, ${column('sum_of_squares_error', 'sumOfSquaresError', BY_CELL)},
    ${column('rewards', 'rewards', BY_CELL)}, ${column('delayed_rewards', 'delayedRewards', BY_CELL)},
    ${column('units_above', 'unitsAbove', BY_CELL)}, ${column('units_below', 'unitsBelow', BY_CELL)},
    ${column('largest', 'largestOutcome', BY_CELL)}
  FROM tallies WHERE experiment_id = $1 AND metric = $2`)

/**
 * Inserts a snapshot if it follows the latest one; else writes no row. The caller has locked the
 * experiment. As with any `write` the answer need not be waited for.
 */
export function insertSnapshot(tx: Transaction, experimentId: number, snapshot: Snapshot): Promise<Written<never>> {
  const { number, version, reason, createdAt, propensities, allDecided, ledgerSize } = snapshot
  const row = [number, version, reason, createdAt, JSON.stringify(propensities), `${allDecided}`]
  return tx.write(INSERT_SNAPSHOT, [experimentId, ...row, ledgerSize.units, ledgerSize.rewards])
}

/**
 * Adds what the facts of a transaction come to. Said last, and committed at once: another
 * transaction of this writer waits for the rows. All touch them in one order, so that none waits
 * for one that waits for it.
 */
export function settle(tx: Transaction, entries: LedgerEntries, writer: number): void {
  const { units, cells } = entries.take()
  if (units.length > 0) tx.write(ADD_UNITS, [writer, ...unitColumns(units)])
  if (cells.length === 0) return
  tx.write(ADD_TO_CELLS, [writer, ...cellColumns(cells)])
  tx.write(ADD_TO_GROWTH, [writer, ...growthColumns(cells)])
}

export async function findSnapshots(reader: Reader, experimentId: number): Promise<SnapshotHead[]> {
  const [rows, batches] = await Promise.all([
    reader.ask(FIND_SNAPSHOTS, [experimentId]),
    reader.ask(FIND_BATCHES, [experimentId]),
  ])
  const byNumber = new Map(rowsIn(batches).map(({ number, ...batch }) => [number, batch]))
  return rows.map(row => ({ ...snapshotOf(row), ...(byNumber.get(row.number) ?? NO_BATCH) }))
}

export async function findCells(reader: Reader, experimentId: number, metricPosition: number): Promise<LedgerCell[]> {
  const cells: CellRow[] = []
  for (const row of rowsIn(await reader.ask(FIND_CELLS, [experimentId, metricPosition]))) {
    const cell = cells.at(-1)
    const isAnotherWriters = cell?.arm === row.arm && cell.snapshot === row.snapshot
    if (isAnotherWriters) cells[cells.length - 1] = { ...row, ...sumOfChanges(cell, row) }
    else cells.push(row)
  }
  return cells.map(cellOf)
}

const NO_BATCH = { units: 0, lastAssignedAt: null }

/** Adds to a sum, and what rounding takes from it to the sum's error (Neumaier 1974, ZAMM 54). */
function compensated(sum: 'sum' | 'sum_of_squares'): string {
  const [before, added] = [`tallies.${sum}`, `excluded.${sum}`]
  const next = `(${before} + ${added})`
  return `
    ${sum}_error = tallies.${sum}_error + excluded.${sum}_error + CASE
      WHEN abs(${before}) >= abs(${added}) THEN (${before} - ${next}) + ${added}
      ELSE (${added} - ${next}) + ${before}
    END,
    ${sum} = ${next}`
}

function unitColumns(entries: readonly UnitsEntry[]): Parameter[] {
  const rows = entries.toSorted((a, b) => a.experimentId - b.experimentId || a.snapshot - b.snapshot)
  return columns(
    rows,
    row => row.experimentId,
    row => row.snapshot,
    row => row.units,
    row => row.assignedAt,
  )
}

function cellColumns(entries: readonly CellEntry[]): Parameter[] {
  const rows = entries.toSorted(
    ({ place: a }, { place: b }) =>
      a.experimentId - b.experimentId ||
      a.metricPosition - b.metricPosition ||
      a.snapshot - b.snapshot ||
      a.arm - b.arm,
  )
  return columns(
    rows,
    ({ place }) => place.experimentId,
    ({ place }) => place.metricPosition,
    ({ place }) => place.snapshot,
    ({ place }) => place.arm,
    ({ change }) => change.units,
    ({ change }) => change.sum,
    ({ change }) => change.sumError,
    ({ change }) => change.sumOfSquares,
    ({ change }) => change.sumOfSquaresError,
    ({ change }) => change.rewards,
    ({ change }) => change.delayedRewards,
    ({ change }) => change.unitsAbove,
    ({ change }) => change.unitsBelow,
    ({ change }) => change.largestOutcome,
  )
}

function growthColumns(cells: readonly CellEntry[]): Parameter[] {
  const metrics = Map.groupBy(cells, ({ place }) => `${place.experimentId}/${place.metricPosition}`)
  const rows = [...metrics.values()].map(entries => ({
    ...(entries[0] as CellEntry).place,
    units: entries.reduce((sum, { change }) => sum + change.units, 0),
    rewards: entries.reduce((sum, { change }) => sum + change.rewards, 0),
  }))
  rows.sort((a, b) => a.experimentId - b.experimentId || a.metricPosition - b.metricPosition)
  return columns(
    rows,
    row => row.experimentId,
    row => row.metricPosition,
    row => row.units,
    row => row.rewards,
  )
}

function cellOf({ sum, sumError, sumOfSquares, sumOfSquaresError, ...cell }: CellRow): LedgerCell {
  return { ...cell, sum: sum + sumError, sumOfSquares: sumOfSquares + sumOfSquaresError }
}

function snapshotOf({ propensities, ledgerUnits, ledgerRewards, ...row }: SnapshotRow): Snapshot {
  return {
    ...row,
    propensities: JSON.parse(propensities) as (number | null)[],
    ledgerSize: { units: ledgerUnits, rewards: ledgerRewards },
  }
}
