// What newly assigned units add to the ledger: a cell for each metric and arm, since a unit without
// rewards has an outcome too.
import type { Metric } from '../bandit/metrics/metric.ts'
import { outcomeOf } from '../bandit/metrics/outcome.ts'
import type { CellChange, CellEntry, UnitsEntry } from './ledger-entries.ts'
import type { KeptAssignment, Proposal } from './port.ts'

export interface CountedUnits {
  readonly units: readonly UnitsEntry[]
  readonly cells: readonly CellEntry[]
}

/** Counts those of a proposal that were kept just now. */
export function countUnits(
  { experimentId, snapshot, assignedAt, metrics }: Proposal,
  kept: readonly KeptAssignment[],
): CountedUnits {
  const unitsByArm = new Map<number, number>()
  for (const { arm, isNew } of kept) if (isNew) unitsByArm.set(arm, (unitsByArm.get(arm) ?? 0) + 1)
  if (unitsByArm.size === 0) return NOTHING
  const cells: CellEntry[] = []
  let all = 0
  for (const [arm, units] of unitsByArm) {
    all += units
    for (const [metricPosition, metric] of metrics.entries()) {
      cells.push({ place: { experimentId, metricPosition, snapshot, arm }, change: changeOf(metric, units) })
    }
  }
  return { units: [{ experimentId, snapshot, units: all, assignedAt }], cells }
}

const NOTHING: CountedUnits = { units: [], cells: [] }

function changeOf(metric: Metric, units: number): CellChange {
  const outcome = outcomeOf(metric, 0)
  return {
    units,
    sum: units * outcome,
    sumError: 0,
    sumOfSquares: units * outcome ** 2,
    sumOfSquaresError: 0,
    rewards: 0,
    delayedRewards: 0,
    unitsAbove: 0,
    unitsBelow: 0,
    largestOutcome: Math.abs(outcome),
  }
}
