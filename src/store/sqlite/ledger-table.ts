// The tables `snapshots` and `tallies`, with a copy in memory. The copy follows every write of this connection and is dropped when
// another one has written or a transaction was undone, so reading a ledger costs no rows: what keeps a report, and the refreshing
// of 200 arms, as cheap at a billion units as at a thousand.
import type Database from 'better-sqlite3'
import type { OutcomeChange } from '../../bandit/outcome.ts'
import type { LedgerCell, Snapshot, SnapshotHead, SnapshotReason, StoredLedger } from '../../bandit/store.ts'

/** Where a cell of the ledger is. */
export interface CellPlace {
  readonly experimentId: number
  readonly metricPosition: number
  readonly snapshot: number
  readonly arm: number
}

/** What is added to a cell. */
export type CellChange = Omit<LedgerCell, 'snapshot' | 'arm'> & OutcomeChange

interface SnapshotRow extends Omit<SnapshotHead, 'propensities' | 'ledgerSize'> {
  readonly reason: SnapshotReason
  readonly propensities: string
  readonly ledgerUnits: number
  readonly ledgerRewards: number
}

/** The cells of one metric, by snapshot and then by arm. */
type Cells = Map<number, LedgerCell[]>

interface Copy {
  /** In order, and without gaps: snapshot `n` stands at `n − 1`. */
  readonly heads: SnapshotHead[]
  readonly cells: Map<number, Cells>
}

export class LedgerTable {
  readonly #db: Database.Database
  readonly #insertSnapshot: Database.Statement
  readonly #addUnits: Database.Statement
  readonly #addToCell: Database.Statement<unknown[], LedgerCell>
  readonly #findSnapshots: Database.Statement<[number], SnapshotRow>
  readonly #findCells: Database.Statement<[number, number], LedgerCell>
  readonly #copies = new Map<number, Copy>()
  #dataVersion: unknown = null

  constructor(db: Database.Database) {
    this.#db = db

    this.#insertSnapshot = db.prepare(`
      INSERT INTO snapshots
        (experiment_id, number, version, reason, created_at, propensities, ledger_units, ledger_rewards)
      SELECT :experimentId, :number, :version, :reason, :createdAt, :propensities, :ledgerUnits, :ledgerRewards
      WHERE :number = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = :experimentId)
        AND EXISTS (SELECT 1 FROM experiments WHERE id = :experimentId AND version = :version)`)

    this.#addUnits = db.prepare(`
      UPDATE snapshots SET units = units + :units, last_assigned_at = max(coalesce(last_assigned_at, 0), :assignedAt)
      WHERE experiment_id = :experimentId AND number = :snapshot`)

    this.#addToCell = db.prepare<unknown[], LedgerCell>(`
      INSERT INTO tallies
        (experiment_id, metric, snapshot, arm, units, sum, sum_error, sum_of_squares, sum_of_squares_error, rewards,
          delayed_rewards)
      VALUES
        (:experimentId, :metricPosition, :snapshot, :arm, :units, :sum, :sumError, :sumOfSquares, :sumOfSquaresError,
          :rewards, :delayedRewards)
      ON CONFLICT (experiment_id, metric, snapshot, arm) DO UPDATE SET
        units = units + excluded.units,
        ${compensated('sum')},
        ${compensated('sum_of_squares')},
        rewards = rewards + excluded.rewards,
        delayed_rewards = delayed_rewards + excluded.delayed_rewards
      RETURNING ${CELL}`)

    this.#findSnapshots = db.prepare<[number], SnapshotRow>(`
      SELECT number, version, reason, created_at AS createdAt, propensities, ledger_units AS ledgerUnits,
        ledger_rewards AS ledgerRewards, units, last_assigned_at AS lastAssignedAt
      FROM snapshots WHERE experiment_id = ? ORDER BY number`)

    this.#findCells = db.prepare<[number, number], LedgerCell>(`
      SELECT ${CELL} FROM tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)
  }

  /** Inserts a snapshot of the experiment's present version if it follows the latest one; else changes nothing: false. */
  insertSnapshot(experimentId: number, snapshot: Snapshot): boolean {
    const { propensities, ledgerSize, ...row } = snapshot
    const { units: ledgerUnits, rewards: ledgerRewards } = ledgerSize
    const parameters = { experimentId, ...row, propensities: JSON.stringify(propensities), ledgerUnits, ledgerRewards }
    if (this.#insertSnapshot.run(parameters).changes === 0) return false
    this.#copies.get(experimentId)?.heads.push({ ...snapshot, units: 0, lastAssignedAt: null })
    return true
  }

  /** Counts newly assigned units of a snapshot. */
  addUnits(experimentId: number, snapshot: number, units: number, assignedAt: number): void {
    this.#addUnits.run({ experimentId, snapshot, units, assignedAt })
    const heads = this.#copies.get(experimentId)?.heads
    const head = heads?.[snapshot - 1]
    if (heads === undefined || head === undefined) return
    const lastAssignedAt = Math.max(head.lastAssignedAt ?? 0, assignedAt)
    heads[snapshot - 1] = { ...head, units: head.units + units, lastAssignedAt }
  }

  /** Adds to one cell, and creates it at need. */
  addToCell(place: CellPlace, change: CellChange): void {
    const cell = this.#addToCell.get({ ...place, ...change })
    const { experimentId, metricPosition, snapshot, arm } = place
    const cells = this.#copies.get(experimentId)?.cells.get(metricPosition)
    if (cells === undefined || cell === undefined) return
    const row = cells.get(snapshot) ?? []
    row[arm] = cell
    cells.set(snapshot, row)
  }

  heads(experimentId: number): SnapshotHead[] {
    return [...this.#copyOf(experimentId).heads]
  }

  read(experimentId: number, metricPosition: number): StoredLedger {
    const copy = this.#copyOf(experimentId)
    const cells = copy.cells.get(metricPosition) ?? this.#load(experimentId, metricPosition)
    copy.cells.set(metricPosition, cells)
    return {
      snapshots: [...copy.heads],
      cells: copy.heads.flatMap(({ number }) => cells.get(number)?.filter(Boolean) ?? []),
    }
  }

  /** What the tables themselves have, past the copy: for the audit. */
  readTables(experimentId: number, metricPosition: number): StoredLedger {
    return {
      snapshots: this.#findSnapshots.all(experimentId).map(snapshotOf),
      cells: this.#findCells.all(experimentId, metricPosition),
    }
  }

  /** Drops the copies: what they follow was undone. */
  forget(): void {
    this.#copies.clear()
  }

  #copyOf(experimentId: number): Copy {
    const dataVersion = this.#db.pragma('data_version', { simple: true })
    if (dataVersion !== this.#dataVersion) this.forget()
    this.#dataVersion = dataVersion
    const copy = this.#copies.get(experimentId) ?? {
      heads: this.#findSnapshots.all(experimentId).map(snapshotOf),
      cells: new Map<number, Cells>(),
    }
    this.#copies.set(experimentId, copy)
    return copy
  }

  #load(experimentId: number, metricPosition: number): Cells {
    const cells: Cells = new Map()
    for (const cell of this.#findCells.all(experimentId, metricPosition)) {
      const row = cells.get(cell.snapshot) ?? []
      row[cell.arm] = cell
      cells.set(cell.snapshot, row)
    }
    return cells
  }
}

const CELL = `snapshot, arm, units, sum + sum_error AS sum, sum_of_squares + sum_of_squares_error AS sumOfSquares, rewards,
  delayed_rewards AS delayedRewards`

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

function snapshotOf({ propensities, ledgerUnits, ledgerRewards, ...row }: SnapshotRow): SnapshotHead {
  return {
    ...row,
    propensities: JSON.parse(propensities) as (number | null)[],
    ledgerSize: { units: ledgerUnits, rewards: ledgerRewards },
  }
}
