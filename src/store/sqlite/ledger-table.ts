// The tables `snapshots` and `tallies`.
import type Database from 'better-sqlite3'
import type { CellChange, CellEntry, CellPlace, UnitsEntry } from '../ledger-entries.ts'
import type { LedgerCell, Pulse, Snapshot, SnapshotHead, SnapshotReason } from '../port.ts'

interface SnapshotRow extends Omit<SnapshotHead, 'propensities' | 'allDecided' | 'ledgerSize'> {
  readonly reason: SnapshotReason
  readonly propensities: string
  readonly allDecided: 0 | 1
  readonly ledgerUnits: number
  readonly ledgerRewards: number
}

export class LedgerTable {
  readonly #insertSnapshot: Database.Statement
  readonly #addUnits: Database.Statement
  readonly #addToCell: Database.Statement<[CellPlace & CellChange], CellSums>
  readonly #findSnapshots: Database.Statement<[number], SnapshotRow>
  readonly #findCells: Database.Statement<[number, number], LedgerCell>
  readonly #countUnits: Database.Statement<[], Omit<Pulse, 'rewards'>>
  readonly #countRewards: Database.Statement<[number], { rewards: number }>

  constructor(db: Database.Database) {
    this.#insertSnapshot = db.prepare(`
      INSERT INTO snapshots
        (experiment_id, number, version, reason, created_at, propensities, all_decided, ledger_units, ledger_rewards)
      SELECT :experimentId, :number, :version, :reason, :createdAt, :propensities, :allDecided, :ledgerUnits,
        :ledgerRewards
      WHERE :number = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = :experimentId)
        AND EXISTS (SELECT 1 FROM experiments WHERE id = :experimentId AND version = :version)`)

    this.#addUnits = db.prepare(`
      UPDATE snapshots SET units = units + ?, last_assigned_at = max(coalesce(last_assigned_at, 0), ?)
      WHERE experiment_id = ? AND number = ?`)

    this.#addToCell = db.prepare<[CellPlace & CellChange], CellSums>(`
      INSERT INTO tallies
        (experiment_id, metric, snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
          delayed_rewards, units_above, units_below, largest)
      VALUES
        (:experimentId, :metricPosition, :snapshot, :arm, :units, :sum, :sumError, :sumOfSquares, :sumOfSquaresError,
          :rewards, :delayedRewards, :unitsAbove, :unitsBelow, :largestOutcome)
      ON CONFLICT (experiment_id, metric, snapshot, arm) DO UPDATE SET
        units = units + excluded.units,
        ${compensated('sum')},
        ${compensated('sum_of_squares')},
        rewards = rewards + excluded.rewards,
        delayed_rewards = delayed_rewards + excluded.delayed_rewards,
        units_above = units_above + excluded.units_above,
        units_below = units_below + excluded.units_below,
        largest = max(largest, excluded.largest)
      RETURNING ${CELL_SUMS}`)

    this.#findSnapshots = db.prepare<[number], SnapshotRow>(`
      SELECT number, version, reason, created_at AS createdAt, propensities, all_decided AS allDecided,
        ledger_units AS ledgerUnits,
        ledger_rewards AS ledgerRewards, units, last_assigned_at AS lastAssignedAt
      FROM snapshots WHERE experiment_id = ? ORDER BY number`)

    this.#findCells = db.prepare<[number, number], LedgerCell>(`
      SELECT snapshot, arm, ${CELL_SUMS} FROM tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)

    this.#countUnits = db.prepare<[], Omit<Pulse, 'rewards'>>(`
      SELECT id AS experimentId, experiments.version, coalesce(max(number), 0) AS snapshot, coalesce(sum(units), 0) AS units
      FROM experiments LEFT JOIN snapshots ON experiment_id = id GROUP BY id ORDER BY id`)

    this.#countRewards = db.prepare<[number], { rewards: number }>(`
      SELECT sum(rewards) AS rewards FROM tallies WHERE experiment_id = ? GROUP BY metric ORDER BY metric`)
  }

  /**
   * Inserts a snapshot of the experiment's present version if it follows the latest one; else
   * changes nothing: false.
   */
  insertSnapshot(experimentId: number, { propensities, allDecided, ledgerSize, ...row }: Snapshot): boolean {
    const parameters = {
      experimentId,
      ...row,
      propensities: JSON.stringify(propensities),
      allDecided: allDecided ? 1 : 0,
      ledgerUnits: ledgerSize.units,
      ledgerRewards: ledgerSize.rewards,
    }
    return this.#insertSnapshot.run(parameters).changes === 1
  }

  /** Counts newly assigned units of a snapshot. */
  addUnits({ units, assignedAt, experimentId, snapshot }: UnitsEntry): void {
    this.#addUnits.run(units, assignedAt, experimentId, snapshot)
  }

  /** Adds to one cell, and creates it at need; answers the cell as it is now. */
  addToCell({ place, change }: CellEntry): LedgerCell {
    const sums = this.#addToCell.get({ ...place, ...change }) as CellSums
    return { snapshot: place.snapshot, arm: place.arm, ...sums }
  }

  findSnapshots(experimentId: number): SnapshotHead[] {
    return this.#findSnapshots.all(experimentId).map(snapshotOf)
  }

  findCells(experimentId: number, metricPosition: number): LedgerCell[] {
    return this.#findCells.all(experimentId, metricPosition)
  }

  readPulse(): Pulse[] {
    // Every metric has a cell wherever there are units, so their positions leave no gaps.
    const rewardsOf = (id: number) => this.#countRewards.all(id).map(({ rewards }) => rewards)
    return this.#countUnits.all().map(pulse => ({ ...pulse, rewards: rewardsOf(pulse.experimentId) }))
  }
}

type CellSums = Omit<LedgerCell, 'snapshot' | 'arm'>

const CELL_SUMS = `units, sum + sum_error AS sum, sum_of_squares + sum_of_squares_error AS sumOfSquares, rewards,
  delayed_rewards AS delayedRewards, units_above AS unitsAbove, units_below AS unitsBelow, largest AS largestOutcome`

/** Adds to a sum, and what rounding takes from it to the sum's error (Neumaier 1974, ZAMM 54). */
function compensated(sum: 'sum' | 'sum_of_squares'): string {
  const next = `(${sum} + excluded.${sum})`
  return `
        ${sum}_error = ${sum}_error + excluded.${sum}_error + CASE
          WHEN abs(${sum}) >= abs(excluded.${sum}) THEN (${sum} - ${next}) + excluded.${sum}
          ELSE (excluded.${sum} - ${next}) + ${sum}
        END,
        ${sum} = ${next}`
}

function snapshotOf({ propensities, allDecided, ledgerUnits, ledgerRewards, ...row }: SnapshotRow): SnapshotHead {
  return {
    ...row,
    propensities: JSON.parse(propensities) as (number | null)[],
    allDecided: allDecided === 1,
    ledgerSize: { units: ledgerUnits, rewards: ledgerRewards },
  }
}
