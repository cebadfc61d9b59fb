import type { ArchivedFile, ArchiveStore, FactCounts, PartLimit, Removal } from '../../bandit/archive.ts'
import type { UnitFacts } from '../port.ts'
import { openDatabase } from '../sqlite/database.ts'
import { asStoreError } from '../sqlite/store-failure.ts'
import { unitFacts } from '../sqlite/unit-facts.ts'

/** A service that commits all the time leaves room within this. */
const BUSY_TIMEOUT_MS = 5_000

/** Other facts of a part have come since it was read. */
class Changed extends Error {
  override readonly name = 'Changed'
}

/** @throws DatabaseError */
export function openSqliteArchive(path: string): ArchiveStore {
  const db = openDatabase(path)
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)

  const countFacts = db.prepare<[number, number], FactCounts>(`
    SELECT (SELECT count(*) FROM assignments WHERE experiment_id = ?) AS assignments,
      (SELECT count(*) FROM rewards WHERE experiment_id = ?) AS rewards`)

  const deleteRewards = db.prepare<[number, string, string]>(
    'DELETE FROM rewards WHERE experiment_id = ? AND unit > ? AND unit <= ?',
  )

  const deleteAssignments = db.prepare<[number, string, string]>(
    'DELETE FROM assignments WHERE experiment_id = ? AND unit > ? AND unit <= ?',
  )

  const insertArchive = db.prepare(`
    INSERT INTO archives (experiment_id, number, facts, file, sha256, row_count, archived_at)
    VALUES (:experimentId, :number, :facts, :file, :sha256, :rows, :archivedAt)`)

  const addToTally = db.prepare(`
    INSERT INTO archived_tallies
      (experiment_id, metric, snapshot, arm, units, sum, sum_of_squares, rewards, delayed_rewards, units_above,
        units_below, largest, last_assigned_at)
    VALUES
      (:experimentId, :metric, :snapshot, :arm, :units, :sum, :sumOfSquares, :rewards, :delayedRewards, :unitsAbove,
        :unitsBelow, :largestOutcome, :lastAssignedAt)
    ON CONFLICT (experiment_id, metric, snapshot, arm) DO UPDATE SET
      units = units + excluded.units,
      sum = sum + excluded.sum,
      sum_of_squares = sum_of_squares + excluded.sum_of_squares,
      rewards = rewards + excluded.rewards,
      delayed_rewards = delayed_rewards + excluded.delayed_rewards,
      units_above = units_above + excluded.units_above,
      units_below = units_below + excluded.units_below,
      largest = max(largest, excluded.largest),
      last_assigned_at = max(last_assigned_at, excluded.last_assigned_at)`)

  const findArchives = db.prepare<[number], ArchivedFile>(`
    SELECT number, facts, file, sha256, row_count AS rows, archived_at AS archivedAt
    FROM archives WHERE experiment_id = ? ORDER BY number, facts`)

  const readPart = db.transaction((experimentId: number, after: string, limit: PartLimit) => {
    const part: UnitFacts[] = []
    let rewards = 0
    for (const facts of unitFacts(db, experimentId, after)) {
      part.push(facts)
      rewards += facts.rewards.length
      if (part.length >= limit.units || rewards >= limit.rewards) break
    }
    return part
  })

  // Facts are only ever added, so where their number is the same they are the same.
  const removePart = db.transaction((removal: Removal) => {
    const { experimentId, after, through, assignments, rewards, files, cells } = removal
    if (deleteRewards.run(experimentId, after, through).changes !== rewards) throw new Changed()
    if (deleteAssignments.run(experimentId, after, through).changes !== assignments) throw new Changed()
    for (const file of files) insertArchive.run({ experimentId, ...file })
    for (const [metric, own] of cells.entries())
      for (const cell of own) addToTally.run({ experimentId, metric, ...cell })
  })

  return {
    countFacts: async experimentId =>
      attempt(() => countFacts.get(experimentId, experimentId) ?? { assignments: 0, rewards: 0 }),

    readPart: async (...args) => attempt(() => readPart(...args)),

    removePart: async removal =>
      attempt(() => {
        try {
          removePart.immediate(removal)
          return true
        } catch (error) {
          if (error instanceof Changed) return false
          throw error
        }
      }),

    findArchives: async experimentId => attempt(() => findArchives.all(experimentId)),

    close: async () => void db.close(),
  }
}

function attempt<Result>(say: () => Result): Result {
  try {
    return say()
  } catch (error) {
    throw asStoreError(error)
  }
}
