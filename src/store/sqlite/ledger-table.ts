// The tables `snapshots` and `tallies`.
import type Database from 'better-sqlite3'
import type { CellEntry, UnitsEntry } from '../ledger-entries.ts'
import { addToCell, SNAPSHOT_COLUMNS, type SnapshotRow, snapshotOf } from '../ledger-rows.ts'
import type { LedgerCell, Pulse, SnapshotHead } from '../port.ts'

type HeadRow = SnapshotRow & Pick<SnapshotHead, 'units' | 'lastAssignedAt'>

const CELL_COLUMNS = `snapshot, arm, units, sum + sum_error AS sum, sum_of_squares + sum_of_squares_error AS sumOfSquares,
  rewards, delayed_rewards AS delayedRewards, units_above AS unitsAbove, units_below AS unitsBelow,
  largest AS largestOutcome`

export class LedgerTable {
  readonly #addUnits: Database.Statement<[UnitsEntry]>
  readonly #addToCell: Database.Statement<[CellEntry], LedgerCell>
  readonly #findSnapshots: Database.Statement<[number], HeadRow>
  readonly #findCells: Database.Statement<[number, number], LedgerCell>
  readonly #countUnits: Database.Statement<[], Omit<Pulse, 'rewards'>>
  readonly #countRewards: Database.Statement<[number], number>

  constructor(db: Database.Database) {
    this.#addUnits = db.prepare(`
      UPDATE snapshots SET units = units + :units, last_assigned_at = max(coalesce(last_assigned_at, 0), :assignedAt)
      WHERE experiment_id = :experimentId AND number = :snapshot`)

    this.#addToCell = db.prepare(`
      INSERT INTO tallies
        (experiment_id, metric, snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
          delayed_rewards, units_above, units_below, largest)
      VALUES
        (:experimentId, :metricPosition, :snapshot, :arm, :units, :sum, :sumError, :sumOfSquares, :sumOfSquaresError,
          :rewards, :delayedRewards, :unitsAbove, :unitsBelow, :largestOutcome)
      ON CONFLICT (experiment_id, metric, snapshot, arm) ${addToCell('max')}
      RETURNING ${CELL_COLUMNS}`)

    this.#findSnapshots = db.prepare(`
      SELECT ${SNAPSHOT_COLUMNS}, units, last_assigned_at AS lastAssignedAt
      FROM snapshots WHERE experiment_id = ? ORDER BY number`)

    this.#findCells = db.prepare(`
      SELECT ${CELL_COLUMNS} FROM tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)

    this.#countUnits = db.prepare(`
      SELECT id AS experimentId, experiments.version, coalesce(max(number), 0) AS snapshot, coalesce(sum(units), 0) AS units
      FROM experiments LEFT JOIN snapshots ON experiment_id = id GROUP BY id ORDER BY id`)

    this.#countRewards = db
      .prepare<[number], number>(`
        SELECT sum(rewards) FROM tallies WHERE experiment_id = ? GROUP BY metric ORDER BY metric`)
      .pluck()
  }

  /** Counts newly assigned units of a snapshot. */
  addUnits(entry: UnitsEntry): void {
    this.#addUnits.run(entry)
  }

  /** Adds to one cell, and creates it at need; answers the cell as it is now. */
  addToCell(entry: CellEntry): LedgerCell {
    return this.#addToCell.get(entry) as LedgerCell
  }

  findSnapshots(experimentId: number): SnapshotHead[] {
    return this.#findSnapshots.all(experimentId).map(({ units, lastAssignedAt, ...row }) => ({
      ...snapshotOf(row),
      units,
      lastAssignedAt,
    }))
  }

  findCells(experimentId: number, metricPosition: number): LedgerCell[] {
    return this.#findCells.all(experimentId, metricPosition)
  }

  readPulse(): Pulse[] {
    // Every metric has a cell wherever there are units, so their positions leave no gaps.
    return this.#countUnits.all().map(pulse => ({ ...pulse, rewards: this.#countRewards.all(pulse.experimentId) }))
  }
}
