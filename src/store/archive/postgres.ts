import { setTimeout } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { ArchivedFile, ArchiveStore, FactCounts, Removal } from '../../bandit/archive.ts'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { ArchivedCell, UnitFacts } from '../port.ts'
import { Connection } from '../postgres/connection/connection.ts'
import { clientConfig } from '../postgres/connection/session.ts'
import { columns, statement } from '../postgres/connection/statement.ts'
import type { Transaction } from '../postgres/connection/transaction.ts'
import { unitFacts } from '../postgres/unit-facts.ts'

/** Anyone who wants to read the assignments waits behind one who wants them alone. */
const LOCK_PATIENCE_MS = 100
const LOCK_PAUSE_MS = 300
const MOST_LOCKS = 100

const LOCK_TIMED_OUT = '55P03'

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

const FIND_LATE_COMER = statement<object>(
  'SELECT 1 FROM rewards WHERE experiment_id = $1 AND unit > $2 AND unit <= $3 LIMIT 1',
)

const INSERT_ARCHIVE = statement(`
  INSERT INTO archives (experiment_id, number, facts, file, sha256, row_count, archived_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`)

const ADD_TO_TALLIES = statement(`
  INSERT INTO archived_tallies
    (experiment_id, metric, snapshot, arm, units, sum, sum_of_squares, rewards, delayed_rewards, units_above, units_below,
      largest, last_assigned_at)
  SELECT $1::bigint, $2::integer, added.*
  FROM unnest($3::integer[], $4::integer[], $5::bigint[], $6::double precision[], $7::double precision[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::double precision[], $13::bigint[]) AS added
  ON CONFLICT (experiment_id, metric, snapshot, arm) DO UPDATE SET
    units = archived_tallies.units + excluded.units,
    sum = archived_tallies.sum + excluded.sum,
    sum_of_squares = archived_tallies.sum_of_squares + excluded.sum_of_squares,
    rewards = archived_tallies.rewards + excluded.rewards,
    delayed_rewards = archived_tallies.delayed_rewards + excluded.delayed_rewards,
    units_above = archived_tallies.units_above + excluded.units_above,
    units_below = archived_tallies.units_below + excluded.units_below,
    largest = greatest(archived_tallies.largest, excluded.largest),
    last_assigned_at = greatest(archived_tallies.last_assigned_at, excluded.last_assigned_at)`)

const FIND_ARCHIVES = statement<ArchivedFile>(`
  SELECT number, facts, file, sha256, row_count AS rows, archived_at AS "archivedAt"
  FROM archives WHERE experiment_id = $1 ORDER BY number, facts`)

export function openPostgresArchive(url: string): ArchiveStore {
  const connection = new Connection({ ...clientConfig(url), query_timeout: undefined })
  return {
    countFacts: async experimentId =>
      (await connection.ask(COUNT_FACTS, [experimentId]))[0] ?? { assignments: 0, rewards: 0 },

    readPart: (experimentId, after, limit) =>
      connection.atOneInstant(async tx => {
        const part: UnitFacts[] = []
        let rewards = 0
        for await (const page of unitFacts(tx, experimentId, after)) {
          for (const facts of page) {
            part.push(facts)
            rewards += facts.rewards.length
            if (part.length >= limit.units || rewards >= limit.rewards) return part
          }
        }
        return part
      }),

    removePart: removal => whenUnlocked(() => removePart(connection, removal)),

    findArchives: experimentId => connection.ask(FIND_ARCHIVES, [experimentId]),

    close: () => connection.close(),
  }
}

async function removePart(connection: Connection, removal: Removal): Promise<boolean> {
  try {
    await connection.transaction(tx => remove(tx, removal))
    return true
  } catch (error) {
    if (error instanceof Changed) return false
    throw error
  }
}

/**
 * Facts are only ever added, so where their number is the same they are the same. A transaction
 * that had read an assignment before it went may still add a reward to it: it holds a lock on the
 * table since, which is waited for at the end, when nothing else is left to do.
 */
async function remove(
  tx: Transaction,
  { experimentId, after, through, assignments, rewards, files, cells }: Removal,
): Promise<void> {
  await tx.ask(BE_PATIENT, [LOCK_PATIENCE_MS])
  const range = [experimentId, after, through]
  await tx.write(DELETE_EVENT_IDS, range)
  if ((await tx.write(DELETE_REWARDS, range)).count !== rewards) throw new Changed()
  if ((await tx.write(DELETE_ASSIGNMENTS, range)).count !== assignments) throw new Changed()
  for (const { number, facts, file, sha256, rows, archivedAt } of files) {
    tx.write(INSERT_ARCHIVE, [experimentId, number, facts, file, sha256, rows, archivedAt])
  }
  for (const [metric, own] of cells.entries()) tx.write(ADD_TO_TALLIES, [experimentId, metric, ...cellColumns(own)])
  await tx.ask(LOCK_ASSIGNMENTS, [])
  if ((await tx.ask(FIND_LATE_COMER, range)).length > 0) throw new Changed()
}

/**
 * A long look at the assignments, as an audit's, is waited out without holding up everybody behind
 * us.
 */
async function whenUnlocked<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let locks = 1; ; locks++) {
    try {
      return await work()
    } catch (error) {
      if (!isLocked(error) || locks === MOST_LOCKS) throw error
      await setTimeout(LOCK_PAUSE_MS)
    }
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof StoreUnavailableError ? error.cause : null
  return cause instanceof DatabaseError && cause.code === LOCK_TIMED_OUT
}

function cellColumns(cells: readonly ArchivedCell[]): string[] {
  return columns(
    cells,
    cell => cell.snapshot,
    cell => cell.arm,
    cell => cell.units,
    cell => cell.sum,
    cell => cell.sumOfSquares,
    cell => cell.rewards,
    cell => cell.delayedRewards,
    cell => cell.unitsAbove,
    cell => cell.unitsBelow,
    cell => cell.largestOutcome,
    cell => cell.lastAssignedAt,
  )
}
