import type Database from 'better-sqlite3'
import type { StoredRewardStatus } from '../../bandit/facts.ts'
import type { StoreCommands } from '../commands.ts'
import { computeReward, NONE_YET } from '../compute-reward.ts'
import type { RewardEntry } from '../port.ts'
import type { Ledger } from './ledger.ts'

type AssignmentRow = [arm: number, snapshot: number, assignedAt: number]
type LastRow = [sequence: number, total: number]

export function rewardCommands(db: Database.Database, ledger: Ledger): Pick<StoreCommands, 'recordRewards'> {
  // As lists: the names of the fields take as long as finding the row.
  const findAssignment = db
    .prepare<[number, string], AssignmentRow>(`
      SELECT arm, snapshot, assigned_at FROM assignments WHERE experiment_id = ? AND unit = ?`)
    .raw()

  // The first row of the key is the latest: see migration 6. Were it another, the next sequence
  // would be taken, and the insert fail.
  const findLastReward = db
    .prepare<[number, string, number], LastRow>(`
      SELECT sequence, total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric = ?`)
    .raw()

  const insertReward = db.prepare(`
    INSERT INTO rewards (experiment_id, unit, metric, sequence, value, at, counted, total, event_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, metric, event_id) WHERE event_id IS NOT NULL DO NOTHING`)

  function record(reward: RewardEntry): StoredRewardStatus {
    const { experimentId, metricPosition, unit, value, id } = reward
    const assigned = findAssignment.get(experimentId, unit)
    if (assigned === undefined) return 'unassigned'
    const [arm, snapshot, assignedAt] = assigned
    const last = findLastReward.get(experimentId, unit, metricPosition)
    const lastReward = last === undefined ? NONE_YET : { sequence: last[0], total: last[1] }
    const { sequence, at, total, entry, isClipped } = computeReward(reward, { arm, snapshot, assignedAt }, lastReward)
    const isCounted = entry === null ? 0 : 1
    const { changes } = insertReward.run(experimentId, unit, metricPosition, sequence, value, at, isCounted, total, id)
    if (changes === 0) return 'duplicate'
    if (entry === null) return 'late'
    ledger.addToCell(entry.place, entry.change)
    return isClipped ? 'clipped' : 'recorded'
  }

  return {
    recordRewards: entries => entries.map(record),
  }
}
