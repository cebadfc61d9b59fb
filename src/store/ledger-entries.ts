// What the facts of one transaction add to the ledger, summed before it is written: a hundred units
// of a commit share a snapshot and a few arms, and so a few rows.
import { type OutcomeChange, outcomeOf } from '../bandit/metrics/outcome.ts'
import type { KeptAssignment, LedgerCell, Proposal } from './port.ts'

/** What is added to a cell; counts of clipped units may fall, the largest outcome only rises. */
export type CellChange = Omit<LedgerCell, 'snapshot' | 'arm'> & OutcomeChange

/** A change, and the cell that it is added to. */
export interface CellEntry extends CellChange {
  readonly experimentId: number
  readonly metricPosition: number
  readonly snapshot: number
  readonly arm: number
}

/** Newly assigned units of a snapshot; `assignedAt` is the latest. */
export interface UnitsEntry {
  readonly experimentId: number
  readonly snapshot: number
  readonly units: number
  readonly assignedAt: number
}

export class LedgerEntries {
  readonly #cells = new Map<string, CellEntry>()
  readonly #units = new Map<string, UnitsEntry>()

  /**
   * Counts those of a proposal that were kept just now: in a cell for each metric and arm, since a
   * unit without rewards has an outcome too.
   */
  addUnits({ experimentId, snapshot, assignedAt, metrics }: Proposal, kept: readonly KeptAssignment[]): void {
    const unitsByArm = new Map<number, number>()
    for (const { arm, isNew } of kept) if (isNew) unitsByArm.set(arm, (unitsByArm.get(arm) ?? 0) + 1)
    if (unitsByArm.size === 0) return
    const key = `${experimentId}/${snapshot}`
    const known = this.#units.get(key) ?? { units: 0, assignedAt }
    const units = [...unitsByArm.values()].reduce((sum, ofArm) => sum + ofArm, known.units)
    const latest = Math.max(known.assignedAt, assignedAt)
    this.#units.set(key, { experimentId, snapshot, units, assignedAt: latest })
    for (const [arm, ofArm] of unitsByArm) {
      for (const [metricPosition, metric] of metrics.entries()) {
        const place = { experimentId, metricPosition, snapshot, arm }
        this.addToCell({ ...place, ...withoutRewards(ofArm, outcomeOf(metric, 0)) })
      }
    }
  }

  addToCell(entry: CellEntry): void {
    const { experimentId, metricPosition, snapshot, arm } = entry
    const key = `${experimentId}/${metricPosition}/${snapshot}/${arm}`
    const known = this.#cells.get(key)
    this.#cells.set(key, known === undefined ? entry : { ...entry, ...sumOfChanges(known, entry) })
  }

  /** Everything added since the last time; then there is nothing. */
  take(): { readonly cells: readonly CellEntry[]; readonly units: readonly UnitsEntry[] } {
    const taken = { cells: [...this.#cells.values()], units: [...this.#units.values()] }
    this.clear()
    return taken
  }

  clear(): void {
    this.#cells.clear()
    this.#units.clear()
  }
}

function withoutRewards(units: number, outcome: number): CellChange {
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

/** Sums keep what rounding takes from them, as they do in the table. */
export function sumOfChanges(a: CellChange, b: CellChange): CellChange {
  const [sum, sumError] = exactSum(a.sum, b.sum)
  const [sumOfSquares, sumOfSquaresError] = exactSum(a.sumOfSquares, b.sumOfSquares)
  return {
    units: a.units + b.units,
    sum,
    sumError: a.sumError + b.sumError + sumError,
    sumOfSquares,
    sumOfSquaresError: a.sumOfSquaresError + b.sumOfSquaresError + sumOfSquaresError,
    rewards: a.rewards + b.rewards,
    delayedRewards: a.delayedRewards + b.delayedRewards,
    unitsAbove: a.unitsAbove + b.unitsAbove,
    unitsBelow: a.unitsBelow + b.unitsBelow,
    largestOutcome: Math.max(a.largestOutcome, b.largestOutcome),
  }
}

/** Knuth's two-sum. */
function exactSum(a: number, b: number): [sum: number, error: number] {
  const sum = a + b
  const plusB = sum - a
  return [sum, a - (sum - plusB) + (b - plusB)]
}
