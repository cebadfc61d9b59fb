// What one reward comes to, for a unit whose assignment and last reward are known. Both twins
// compute with it inside their transactions, so that they cannot come to different sums.
import type { Assignment } from '../bandit/facts.ts'
import { clippedSide, isAttributed, isDelayed, outcomeChange, outcomeOf } from '../bandit/metrics/outcome.ts'
import type { CellEntry } from './ledger-entries.ts'
import type { RewardEntry } from './port.ts'

/** A unit's latest reward of a metric. */
export interface LastReward {
  readonly sequence: number
  readonly total: number
}

export const NONE_YET: LastReward = { sequence: 0, total: 0 }

/** The reward as it is to be stored, which is then the unit's latest. */
export interface ComputedReward extends LastReward {
  readonly at: number
  readonly status: 'recorded' | 'clipped' | 'late'
  /** What it adds to the ledger; null: it is late, and not counted. */
  readonly entry: CellEntry | null
}

export function computeReward(
  { experimentId, metricPosition, metric, attribution, value, at: toldAt, isDatedHere }: RewardEntry,
  { arm, snapshot, assignedAt }: Pick<Assignment, 'arm' | 'snapshot' | 'assignedAt'>,
  last: LastReward,
): ComputedReward {
  const at = isDatedHere ? Math.max(toldAt, assignedAt) : toldAt
  const sequence = last.sequence + 1
  if (!isAttributed(attribution, assignedAt, at))
    return { sequence, at, total: last.total, status: 'late', entry: null }
  const total = last.total + value
  const outcome = outcomeOf(metric, total)
  const [sideBefore, side] = [clippedSide(metric, last.total), clippedSide(metric, total)]
  const entry = {
    experimentId,
    metricPosition,
    snapshot,
    arm,
    units: 0,
    ...outcomeChange(outcomeOf(metric, last.total), outcome),
    rewards: 1,
    delayedRewards: isDelayed(assignedAt, at) ? 1 : 0,
    unitsAbove: Number(side === 'above') - Number(sideBefore === 'above'),
    unitsBelow: Number(side === 'below') - Number(sideBefore === 'below'),
    largestOutcome: Math.abs(outcome),
  }
  return { sequence, at, total, status: side === null ? 'recorded' : 'clipped', entry }
}
