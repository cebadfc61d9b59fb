import type Database from 'better-sqlite3'
import type { LedgerCell, Snapshot, SnapshotHead, SnapshotReason, Store, StoredLedger } from '../../bandit/store.ts'
import type { CommitQueue } from './commit-queue.ts'

type Sentences = Pick<Store, 'findSnapshots' | 'takeSnapshot' | 'readLedger'>

interface SnapshotRow {
  readonly number: number
  readonly version: number
  readonly reason: SnapshotReason
  readonly createdAt: number
  readonly propensities: string
  readonly ledgerUnits: number
  readonly ledgerRewards: number
  readonly units: number
  readonly lastAssignedAt: number | null
}

export function snapshotSentences(db: Database.Database, queue: CommitQueue): Sentences {
  const findSnapshots = findSnapshotsStatement(db)

  const takeSnapshot = insertSnapshotStatement(db)

  const readLedger = ledgerReader(db)

  return {
    findSnapshots: experimentId => queue.read(() => findSnapshots.all(experimentId).map(snapshotOf)),

    takeSnapshot: (experimentId, snapshot) =>
      queue.write(() => takeSnapshot.run(snapshotParameters(experimentId, snapshot)).changes === 1),

    readLedger: (experimentId, metricPosition) => queue.read(() => readLedger(experimentId, metricPosition)),
  }
}

/** Reads the snapshots and the tallies of one metric in one transaction. */
export function ledgerReader(db: Database.Database): (experimentId: number, metricPosition: number) => StoredLedger {
  const findSnapshots = findSnapshotsStatement(db)

  const readCells = db.prepare<[number, number], LedgerCell>(`
    SELECT snapshot, arm, units, sum, sum_of_squares AS sumOfSquares, rewards, delayed_rewards AS delayedRewards
    FROM tallies WHERE experiment_id = ? AND metric = ? ORDER BY snapshot, arm`)

  return db.transaction((experimentId: number, metricPosition: number) => ({
    snapshots: findSnapshots.all(experimentId).map(snapshotOf),
    cells: readCells.all(experimentId, metricPosition),
  }))
}

/** Inserts a snapshot if it follows the latest one; otherwise changes nothing. */
export function insertSnapshotStatement(db: Database.Database): Database.Statement {
  return db.prepare(`
    INSERT INTO snapshots
      (experiment_id, number, version, reason, created_at, propensities, ledger_units, ledger_rewards)
    SELECT :experimentId, :number, :version, :reason, :createdAt, :propensities, :ledgerUnits, :ledgerRewards
    WHERE :number = 1 + (SELECT coalesce(max(number), 0) FROM snapshots WHERE experiment_id = :experimentId)`)
}

function findSnapshotsStatement(db: Database.Database): Database.Statement<[number], SnapshotRow> {
  return db.prepare<[number], SnapshotRow>(`
    SELECT number, version, reason, created_at AS createdAt, propensities, ledger_units AS ledgerUnits,
      ledger_rewards AS ledgerRewards, units, last_assigned_at AS lastAssignedAt
    FROM snapshots WHERE experiment_id = ? ORDER BY number`)
}

export function snapshotParameters(experimentId: number, { propensities, ledgerSize, ...snapshot }: Snapshot) {
  return {
    experimentId,
    number: snapshot.number,
    version: snapshot.version,
    reason: snapshot.reason,
    createdAt: snapshot.createdAt,
    propensities: JSON.stringify(propensities),
    ledgerUnits: ledgerSize.units,
    ledgerRewards: ledgerSize.rewards,
  }
}

function snapshotOf({ propensities, ledgerUnits, ledgerRewards, ...row }: SnapshotRow): SnapshotHead {
  return {
    ...row,
    propensities: JSON.parse(propensities) as (number | null)[],
    ledgerSize: { units: ledgerUnits, rewards: ledgerRewards },
  }
}
