import type Database from 'better-sqlite3'
import type { Assignment, RewardStatus } from '../../bandit/facts.ts'
import type { RewardEntry } from '../../bandit/store.ts'
import { type LastReward, NONE_YET, reckonReward } from '../reckon-reward.ts'
import type { Sentences } from '../sentences.ts'
import type { Ledger } from './ledger.ts'

type AssignmentRow = Pick<Assignment, 'arm' | 'snapshot' | 'assignedAt'>

export function rewardSentences(db: Database.Database, ledger: Ledger): Pick<Sentences, 'recordRewards'> {
  const findAssignment = db.prepare<[number, string], AssignmentRow>(`
    SELECT arm, snapshot, assigned_at AS assignedAt FROM assignments WHERE experiment_id = ? AND unit = ?`)

  // The first row of the key is the latest: see migration 6. Were it another, the next sequence would be taken, and the insert fail.
  const findLastReward = db.prepare<[number, string, number], LastReward>(`
    SELECT sequence, total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric = ?`)

  const insertReward = db.prepare(`
    INSERT INTO rewards (experiment_id, unit, metric, sequence, value, at, counted, total, event_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, metric, event_id) WHERE event_id IS NOT NULL DO NOTHING`)

  function record(reward: RewardEntry): RewardStatus {
    const { experimentId, metricPosition, unit, value, id } = reward
    const assignment = findAssignment.get(experimentId, unit)
    if (assignment === undefined) return 'unassigned'
    const last = findLastReward.get(experimentId, unit, metricPosition) ?? NONE_YET
    const { sequence, at, total, entry } = reckonReward(reward, assignment, last)
    const row = [experimentId, unit, metricPosition, sequence, value, at, entry === null ? 0 : 1, total, id]
    if (insertReward.run(row).changes === 0) return 'duplicate'
    if (entry === null) return 'late'
    ledger.addToCell(entry.place, entry.change)
    return 'recorded'
  }

  return {
    recordRewards: entries => entries.map(record),
  }
}
