// The facts of an experiment, unit by unit.
import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { StoredReward, UnitFacts } from '../port.ts'

type RewardRow = Omit<StoredReward, 'isCounted'> & { readonly unit: string; readonly counted: 0 | 1 }

/**
 * Every unit that comes after `after` with its rewards, in the order of units. Both tables are read
 * from end to end, side by side: looking up the rewards of each unit took seven times as long.
 */
export function* unitFacts(db: Database.Database, experimentId: number, after = ''): Generator<UnitFacts> {
  const readAssignments = db.prepare<[number, string], Assignment>(`
    SELECT unit, arm, propensity, snapshot, assigned_at AS assignedAt
    FROM assignments WHERE experiment_id = ? AND unit > ? ORDER BY unit`)

  const readRewards = db.prepare<[number, string], RewardRow>(`
    SELECT unit, metric AS metricPosition, sequence, value, at, counted, total, event_id AS id
    FROM rewards WHERE experiment_id = ? AND unit > ? ORDER BY unit, metric, sequence`)

  const rewards = readRewards.iterate(experimentId, after)
  try {
    let next = rewards.next()
    for (const assignment of readAssignments.iterate(experimentId, after)) {
      const own: StoredReward[] = []
      for (; !next.done && next.value.unit === assignment.unit; next = rewards.next())
        own.push(storedRewardOf(next.value))
      yield { ...assignment, rewards: own }
    }
  } finally {
    rewards.return?.()
  }
}

function storedRewardOf({ unit: _, counted, ...row }: RewardRow): StoredReward {
  return { ...row, isCounted: counted === 1 }
}
