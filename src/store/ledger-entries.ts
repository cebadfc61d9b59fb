// What the facts of one transaction add to the ledger, summed before it is written: a hundred units
// of a commit share a snapshot and a few arms, and so a few rows.
import type { OutcomeChange } from '../bandit/metrics/outcome.ts'
import type { LedgerCell } from './port.ts'

/** Where a cell of the ledger is. */
export interface CellPlace {
  readonly experimentId: number
  readonly metricPosition: number
  readonly snapshot: number
  readonly arm: number
}

/** What is added to a cell; counts of clipped units may fall, the largest outcome only rises. */
export type CellChange = Omit<LedgerCell, 'snapshot' | 'arm'> & OutcomeChange

export interface CellEntry {
  readonly place: CellPlace
  readonly change: CellChange
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

  addUnits(entry: UnitsEntry): void {
    const { experimentId, snapshot, units, assignedAt } = entry
    const key = `${experimentId}/${snapshot}`
    const known = this.#units.get(key)
    this.#units.set(
      key,
      known === undefined
        ? entry
        : { ...entry, units: known.units + units, assignedAt: Math.max(known.assignedAt, assignedAt) },
    )
  }

  addToCell(entry: CellEntry): void {
    const { experimentId, metricPosition, snapshot, arm } = entry.place
    const key = `${experimentId}/${metricPosition}/${snapshot}/${arm}`
    const known = this.#cells.get(key)
    this.#cells.set(key, known === undefined ? entry : { ...entry, change: sumOfChanges(known.change, entry.change) })
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
