// The predictions of prediction.ts for a log in which every row is a batch of its own, kept up to
// date from row to row, so that a log of millions costs a few operations a row whatever the number
// of arms. Means are predicted alike. The variance is not: six pseudo-observations for each arm of
// a log with many arms would outweigh what it shows, so an arm shares those of the whole log, and
// never counts as steadier than that.

import { addTallies, EMPTY_TALLY, type Tally } from '../tally.ts'
import { checkRange, type Ends, outcomeEnds, pooledMean, predictedMean, predictedVariance } from './prediction.ts'

export interface RowPrediction {
  /** `d = Σ w_a m_a`, what the target is predicted to earn. */
  readonly value: number
  /** `m_a` and `σ²_a` of the row's arm. */
  readonly mean: number
  readonly variance: number
}

export class RowPredictor {
  readonly #target: readonly number[]
  readonly #range: Ends
  readonly #known: Tally[]
  #total = EMPTY_TALLY
  /**
   * `Σ w_a S_a/(N_a + 2)` and `Σ w_a/(N_a + 2)`: since `m_a = (S_a + 2 pool)/(N_a + 2)`, `d` is the
   * first plus `2 pool` of the second.
   */
  #weighedSums = 0
  #weighedShares = 0
  #untilRefresh = 0

  /** @throws RangeError when lo < hi does not hold. */
  constructor(target: readonly number[], range: Ends) {
    checkRange(range)
    this.#target = target
    this.#range = range
    this.#known = target.map(() => EMPTY_TALLY)
  }

  /** From the rows learned so far; `arm` is one of the target's. */
  predict(arm: number): RowPrediction {
    const known = this.#known[arm] ?? EMPTY_TALLY
    const ends = outcomeEnds(this.#total, this.#range)
    const pool = pooledMean(this.#total, ends)
    if (this.#untilRefresh === 0) this.#refresh()
    return {
      value: this.#weighedSums + 2 * pool * this.#weighedShares,
      mean: predictedMean(known, pool),
      variance: rowVariance(known, predictedVariance(this.#total, ends)),
    }
  }

  learn(arm: number, reward: number): void {
    const row = { units: 1, sum: reward, sumOfSquares: reward ** 2 }
    const before = this.#known[arm] ?? EMPTY_TALLY
    const after = addTallies(before, row)
    const weight = this.#target[arm] ?? 0
    this.#weighedSums += weight * (after.sum / (after.units + 2) - before.sum / (before.units + 2))
    this.#weighedShares += weight * (1 / (after.units + 2) - 1 / (before.units + 2))
    this.#known[arm] = after
    this.#total = addTallies(this.#total, row)
    this.#untilRefresh = Math.max(0, this.#untilRefresh - 1)
  }

  /**
   * At most once in as many rows as there are arms: rounding cannot pile up over a long log, and a
   * row's cost stays constant.
   */
  #refresh(): void {
    this.#weighedSums = 0
    this.#weighedShares = 0
    this.#known.forEach(({ units, sum }, arm) => {
      const share = (this.#target[arm] ?? 0) / (units + 2)
      this.#weighedSums += share * sum
      this.#weighedShares += share
    })
    this.#untilRefresh = Math.max(64, this.#target.length)
  }
}

/**
 * `max(σ²_s, σ²_p)`, `σ²_s = (N_a σ²_own + 6 σ²_p)/(N_a + 6)`: the arm's own variance `σ²_own =
 * Q_a/N_a − (S_a/N_a)²`, drawn towards σ²_p, that of all rows with three pseudo-observations at
 * each end.
 */
function rowVariance({ units, sum, sumOfSquares }: Tally, ofAllRows: number): number {
  const squares = units === 0 ? 0 : Math.max(0, sumOfSquares - sum ** 2 / units)
  return Math.max(ofAllRows, (squares + 6 * ofAllRows) / (units + 6))
}
