import type Database from 'better-sqlite3'
import type { Assignment, RewardStatus } from '../../bandit/facts.ts'
import { isAttributed, isDelayed, outcomeChange, outcomeOf } from '../../bandit/outcome.ts'
import type { RewardEntry } from '../../bandit/store.ts'
import type { Ledger } from './ledger.ts'
import type { Sentences } from './sentences.ts'

type AssignmentRow = Pick<Assignment, 'arm' | 'snapshot' | 'assignedAt'>
type LastReward = { readonly sequence: number; readonly total: number }

const NONE_YET: LastReward = { sequence: 0, total: 0 }

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

  function record({ metric, attribution, ...entry }: RewardEntry): RewardStatus {
    const { experimentId, metricPosition, unit, value, id } = entry
    const assignment = findAssignment.get(experimentId, unit)
    if (assignment === undefined) return 'unassigned'
    const { arm, snapshot, assignedAt } = assignment
    const at = entry.isDatedHere ? Math.max(entry.at, assignedAt) : entry.at
    const last = findLastReward.get(experimentId, unit, metricPosition) ?? NONE_YET
    const isCounted = isAttributed(attribution, assignedAt, at)
    const total = isCounted ? last.total + value : last.total
    const row = [experimentId, unit, metricPosition, last.sequence + 1, value, at, isCounted ? 1 : 0, total, id]
    if (insertReward.run(row).changes === 0) return 'duplicate'
    if (!isCounted) return 'late'
    const [before, after] = [outcomeOf(metric, last.total), outcomeOf(metric, total)]
    const delayedRewards = isDelayed(assignedAt, at) ? 1 : 0
    const change = { units: 0, ...outcomeChange(before, after), rewards: 1, delayedRewards }
    ledger.addToCell({ experimentId, metricPosition, snapshot, arm }, change)
    return 'recorded'
  }

  return {
    recordRewards: entries => entries.map(record),
  }
}
