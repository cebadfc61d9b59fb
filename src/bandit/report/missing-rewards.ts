// Arms without any reward, while the other arms have theirs: most likely the rewards of such an arm
// are not sent.

import type { LedgerCell } from '../../store/port.ts'
import type { Definition } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'
import { formatCount } from './numbers.ts'

/**
 * Were the arms alike, chance would leave an arm without any reward less often than once in 10⁸.
 */
const LEAST_LOG_PROBABILITY = Math.log(1e-8)

/** An arm that has no reward on a metric, of the report's own or of a guardrail. */
export interface MissingRewards {
  readonly metric: Metric
  readonly arm: string
  /** All of the arm's. */
  readonly units: number
  /** Rewarded units that the arm would have at the rate of the others, at least. */
  readonly expected: number
}

interface Sum {
  units: number
  rewards: number
  rewarded: number
}

/**
 * Compares units of the same snapshots only, so that rewards which take their time are missing on
 * both sides: given how many units of a snapshot are rewarded, each of them is one of the arm's
 * with the arm's share of the snapshot's units.
 */
export function missingRewardsOf({ arms }: Definition, metric: Metric, cells: readonly LedgerCell[]): MissingRewards[] {
  const [sums, snapshots] = [new Map<number, Sum>(), new Map<number, Sum>()]
  for (const cell of cells) {
    addTo(sums, cell.arm, cell)
    addTo(snapshots, cell.snapshot, cell)
  }
  const suspects = arms.flatMap(({ key }, arm) => {
    const { units = 0, rewards = 0 } = sums.get(arm) ?? {}
    return units > 0 && rewards === 0 ? [{ key, arm, units }] : []
  })
  return suspects.flatMap(({ key, arm, units }) => {
    let [logProbability, expected] = [0, 0]
    for (const cell of cells) {
      const all = snapshots.get(cell.snapshot)
      if (cell.arm !== arm || all === undefined || all.units <= cell.units) continue
      logProbability += all.rewarded * Math.log1p(-cell.units / all.units)
      expected += (cell.units * all.rewarded) / (all.units - cell.units)
    }
    return logProbability <= LEAST_LOG_PROBABILITY ? [{ metric, arm: key, units, expected }] : []
  })
}

/** A sentence for each arm. */
export function missingRewardsTexts(missing: readonly MissingRewards[]): string[] {
  return missing.map(
    ({ metric, arm, units, expected }) =>
      `No reward of ${metric.key} has come for any of the ${formatCount(units)} units of ${arm}, while the other arms have theirs: at their rate at least ${formatCount(Math.round(expected))} units of ${arm} would have one. Are they sent?`,
  )
}

function addTo(sums: Map<number, Sum>, key: number, cell: LedgerCell): void {
  const sum = sums.get(key) ?? { units: 0, rewards: 0, rewarded: 0 }
  sum.units += cell.units
  sum.rewards += cell.rewards
  sum.rewarded += rewardedUnits(cell)
  sums.set(key, sum)
}

/**
 * How many units were rewarded, at least: a unit may have many rewards. By Cauchy and Schwarz `(Σ
 * y)² ≤ n Σ y²`, where n outcomes are not 0; for a binary metric that is the number of successes.
 */
function rewardedUnits({ rewards, sum, sumOfSquares }: LedgerCell): number {
  return sumOfSquares > 0 ? Math.min(rewards, sum ** 2 / sumOfSquares) : 0
}
