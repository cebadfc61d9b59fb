// What newly assigned units add to the ledger: a cell for each metric and arm, since a unit without rewards has an outcome too.
import { outcomeOf } from '../bandit/outcome.ts'
import type { KeptAssignment, Proposal } from '../bandit/store.ts'
import type { CellEntry, UnitsEntry } from './ledger-entries.ts'

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
  const cells = [...unitsByArm].flatMap(([arm, units]) =>
    metrics.map((metric, metricPosition) => {
      const outcome = outcomeOf(metric, 0)
      const sums = { sum: units * outcome, sumError: 0, sumOfSquares: units * outcome ** 2, sumOfSquaresError: 0 }
      const place = { experimentId, metricPosition, snapshot, arm }
      return { place, change: { units, ...sums, rewards: 0, delayedRewards: 0 } }
    }),
  )
  const all = [...unitsByArm.values()].reduce((sum, units) => sum + units, 0)
  return { units: all === 0 ? [] : [{ experimentId, snapshot, units: all, assignedAt }], cells }
}
