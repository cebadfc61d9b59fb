// What an archive asks of a database: see `ArchiveStore`.
import type { ArchivedFile, FactCounts, PartLimit, Removal } from '../../bandit/archive.ts'
import type { UnitFacts } from '../port.ts'
import { read, type Script, statement, tell, tellPostgres, write } from './script.ts'
import { visitUnits } from './unit-facts.ts'

/** Anyone who wants to read the assignments waits behind one who wants them alone. */
const LOCK_PATIENCE_MS = 100

/** Other facts of a part have come since it was read. */
class Changed extends Error {
  override readonly name = 'Changed'
}

const COUNT_FACTS = statement<FactCounts>(`
  SELECT (SELECT count(*) FROM assignments WHERE experiment_id = $1) AS assignments,
    (SELECT count(*) FROM rewards WHERE experiment_id = $1) AS rewards`)

const BE_PATIENT = statement("SELECT set_config('lock_timeout', $1::text, true)")

const DELETE_EVENT_IDS = statement(`
  DELETE FROM event_ids USING rewards
  WHERE rewards.experiment_id = $1 AND rewards.unit > $2 AND rewards.unit <= $3 AND event_ids.experiment_id = rewards.experiment_id
    AND event_ids.event_id = rewards.event_id AND event_ids.metric = rewards.metric`)

const DELETE_REWARDS = statement('DELETE FROM rewards WHERE experiment_id = $1 AND unit > $2 AND unit <= $3')

const DELETE_ASSIGNMENTS = statement('DELETE FROM assignments WHERE experiment_id = $1 AND unit > $2 AND unit <= $3')

const LOCK_ASSIGNMENTS = statement('LOCK TABLE assignments IN ACCESS EXCLUSIVE MODE')

const FIND_LATE_COMER = statement('SELECT 1 FROM rewards WHERE experiment_id = $1 AND unit > $2 AND unit <= $3 LIMIT 1')

const INSERT_ARCHIVE = statement(`
  INSERT INTO archives (experiment_id, number, facts, file, sha256, row_count, archived_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`)

const ADD_TO_TALLY = statement(`
  INSERT INTO archived_tallies
    (experiment_id, metric, snapshot, arm, units, sum, sum_of_squares, rewards, delayed_rewards, units_above, units_below,
      largest, last_assigned_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  ON CONFLICT (experiment_id, metric, snapshot, arm) DO UPDATE SET
    units = archived_tallies.units + excluded.units,
    sum = archived_tallies.sum + excluded.sum,
    sum_of_squares = archived_tallies.sum_of_squares + excluded.sum_of_squares,
    rewards = archived_tallies.rewards + excluded.rewards,
    delayed_rewards = archived_tallies.delayed_rewards + excluded.delayed_rewards,
    units_above = archived_tallies.units_above + excluded.units_above,
    units_below = archived_tallies.units_below + excluded.units_below,
    largest = ${greater('largest')},
    last_assigned_at = ${greater('last_assigned_at')}`)

const FIND_ARCHIVES = statement<ArchivedFile>(`
  SELECT number, facts, file, sha256, row_count AS rows, archived_at AS "archivedAt"
  FROM archives WHERE experiment_id = $1 ORDER BY number, facts`)

export function* countFacts(experimentId: number): Script<FactCounts> {
  return (yield* read(COUNT_FACTS, [experimentId]))[0] ?? { assignments: 0, rewards: 0 }
}

export function* readPart(experimentId: number, after: string, limit: PartLimit): Script<UnitFacts[]> {
  const part: UnitFacts[] = []
  let rewards = 0
  yield* visitUnits(experimentId, after, facts => {
    part.push(facts)
    rewards += facts.rewards.length
    return part.length < limit.units && rewards < limit.rewards
  })
  return part
}

/**
 * Its transaction is told to `unlessChanged`.
 *
 * Facts are only ever added, so where their number is the same they are the same. A transaction on
 * PostgreSQL that had read an assignment before it went may still add a reward to it: it holds a
 * lock on the table since, which is waited for at the end, when nothing else is left to do.
 */
export function* removePart(removal: Removal): Script<void> {
  const { experimentId, after, through, assignments, rewards, files, cells } = removal
  const range = [experimentId, after, through]
  yield* tellPostgres(BE_PATIENT, [LOCK_PATIENCE_MS])
  yield* tellPostgres(DELETE_EVENT_IDS, range)
  if ((yield* write(DELETE_REWARDS, range)).count !== rewards) throw new Changed()
  if ((yield* write(DELETE_ASSIGNMENTS, range)).count !== assignments) throw new Changed()
  for (const { number, facts, file, sha256, rows, archivedAt } of files)
    yield* tell(INSERT_ARCHIVE, [experimentId, number, facts, file, sha256, rows, archivedAt])
  for (const [metric, own] of cells.entries()) {
    for (const { snapshot, arm, units, sum, sumOfSquares, rewards, delayedRewards, ...rest } of own) {
      const row = [experimentId, metric, snapshot, arm, units, sum, sumOfSquares, rewards, delayedRewards]
      yield* tell(ADD_TO_TALLY, [...row, rest.unitsAbove, rest.unitsBelow, rest.largestOutcome, rest.lastAssignedAt])
    }
  }
  yield* tellPostgres(LOCK_ASSIGNMENTS)
  if ((yield* read(FIND_LATE_COMER, range)).length > 0) throw new Changed()
}

/** False where it was changed meanwhile. */
export async function unlessChanged(removing: Promise<void>): Promise<boolean> {
  try {
    await removing
    return true
  } catch (error) {
    if (error instanceof Changed) return false
    throw error
  }
}

export function findArchives(experimentId: number): Script<ArchivedFile[]> {
  return read(FIND_ARCHIVES, [experimentId])
}

function greater(column: string): string {
  const [kept, added] = [`archived_tallies.${column}`, `excluded.${column}`]
  return `CASE WHEN ${kept} >= ${added} THEN ${kept} ELSE ${added} END`
}
