// The course of an experiment, snapshot by snapshot: what shares the policy gave, how many units
// came, what they earned, and what equal shares would have earned instead. Read off the ledger of
// one metric.

import type { Ledger } from '../../stats/ledger.ts'
import { type Gain, gainsOf } from '../../stats/lift/gain.ts'
import type { Tally } from '../../stats/tally.ts'
import type { SnapshotReason, StoredLedger } from '../../store/port.ts'
import type { Definition } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'

export interface Step {
  readonly snapshot: number
  readonly reason: SnapshotReason
  readonly createdAt: number
  /** By arm; null where it was not active. */
  readonly propensities: readonly (number | null)[]
  readonly tallies: readonly Tally[]
  readonly mature: boolean
  /** Of all arms: that had come before, and that came under this snapshot. */
  readonly unitsBefore: number
  readonly units: number
  /** After this snapshot; null while it waits for its windows to close. */
  readonly gain: Gain | null
}

/**
 * Oldest first. `differsByUnit`: propensities depended on the context. Then what equal shares would
 * have earned does not follow from the sums of a batch, and no gain is known.
 */
export function courseOf(
  definition: Definition,
  metric: Metric,
  stored: StoredLedger,
  ledger: Ledger,
  differsByUnit = false,
): Step[] {
  const { arms, alpha, plannedUnits } = definition
  const options = { arms: arms.length, range: metric.range, alpha, plannedUnits }
  const gains = differsByUnit ? [] : gainsOf(ledger, options)
  let unitsBefore = 0
  return stored.snapshots.map(({ number, reason, createdAt, propensities }, place): Step => {
    const { tallies = [], mature = false } = ledger[place] ?? {}
    const units = tallies.reduce((sum, tally) => sum + tally.units, 0)
    const gain = gains[place] ?? null
    const step = { snapshot: number, reason, createdAt, propensities, tallies, mature, unitsBefore, units, gain }
    unitsBefore += units
    return step
  })
}
