// What the earlier batches predict of every arm before a batch, and how far the batch then departed
// from it. Computed once for each batch and shared by all contrasts, of which a report with K arms
// has some 2K.
import type { Batch } from '../ledger.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../tally.ts'

/** A batch against its predictions; the columns have a value for each arm. */
export interface PredictedBatch {
  readonly snapshot: number
  /** In all earlier batches, over all arms. */
  readonly unitsBefore: number
  /** `n`: the units of the batch, over all arms. */
  readonly units: number
  /** `p_s(a)`; 0 where the arm was not active, and then the rest is 0 too. */
  readonly propensity: Float64Array
  /** `m_a`, the predicted mean. */
  readonly mean: Float64Array
  /**
   * `σ²_a / p_s(a)`: what a unit adds to the variance of a score with coefficient 1. Above 0 where
   * the arm was active.
   */
  readonly scoreVariance: Float64Array
  /** `r_a = (S(a) − n(a) m_a) / p_s(a)` */
  readonly residual: Float64Array
  /** `k_a = (Q(a) − 2 m_a S(a) + n(a) m_a²) / p_s(a)²` */
  readonly residualSquare: Float64Array
}

/**
 * Takes the mature batches in order. Each is predicted by the plain counts of all batches before it
 * (predictable, so the scores are martingale differences: Hadad et al. 2021, PNAS 118; Bibaut et
 * al. 2021). Binary metrics need no special case: on [0, 1] the ends are 0 and 1.
 */
export class Predictor {
  readonly #range: Ends
  readonly #known: Tally[]
  readonly #batch: { -readonly [Name in keyof PredictedBatch]: PredictedBatch[Name] }
  #total = EMPTY_TALLY

  /**
   * For `armCount` arms on a metric whose outcomes lie in `range`, in the metric's own unit.
   *
   * @throws RangeError when lo < hi does not hold.
   */
  constructor(armCount: number, range: Ends) {
    checkRange(range)
    this.#range = range
    this.#known = new Array<Tally>(armCount).fill(EMPTY_TALLY)
    this.#batch = {
      snapshot: 0,
      unitsBefore: 0,
      units: 0,
      propensity: new Float64Array(armCount),
      mean: new Float64Array(armCount),
      scoreVariance: new Float64Array(armCount),
      residual: new Float64Array(armCount),
      residualSquare: new Float64Array(armCount),
    }
  }

  /**
   * The batch against what the earlier ones predicted; then it is learned itself. The answer is one
   * and the same object every time, and holds until the next batch.
   *
   * @throws RangeError when an arm has units without a propensity, or there are more than
   * `armCount` arms.
   */
  next(batch: Batch): PredictedBatch {
    checkBatch(batch, this.#known.length)
    const ends = outcomeEnds(this.#total, this.#range)
    const pool = pooledMean(this.#total, ends)
    const unitsBefore = this.#total.units
    for (let arm = 0; arm < this.#known.length; arm++) {
      const tally = batch.tallies[arm] ?? EMPTY_TALLY
      this.#predict(arm, batch.propensities[arm] ?? 0, tally, ends, pool)
      if (tally.units === 0) continue
      this.#known[arm] = addTallies(this.#known[arm] as Tally, tally)
      this.#total = addTallies(this.#total, tally)
    }
    return Object.assign(this.#batch, {
      snapshot: batch.snapshot,
      unitsBefore,
      units: this.#total.units - unitsBefore,
    })
  }

  #predict(arm: number, p: number, tally: Tally, ends: Ends, pool: number): void {
    const row = this.#batch
    const known = this.#known[arm] as Tally
    const mean = p === 0 ? 0 : predictedMean(known, pool)
    row.propensity[arm] = p
    row.mean[arm] = mean
    row.scoreVariance[arm] = p === 0 ? 0 : predictedVariance(known, ends) / p
    row.residual[arm] = p === 0 ? 0 : (tally.sum - tally.units * mean) / p
    row.residualSquare[arm] = p === 0 ? 0 : squaresAround(tally, mean) / (p * p)
  }
}

/** The interval in which the outcomes of a metric lie, according to the data. */
export type Ends = readonly [low: number, high: number]

/**
 * `l` and `g`: the range, narrowed to where the data are once there are 100 units that are not all
 * alike. `S − lo N` weighs outcomes by their height above lo, so `(Q − lo S)/(S − lo N)` is the
 * mean as seen by the large ones; three sd further lies the end.
 */
export function outcomeEnds(total: Tally, [lo, hi]: Ends): Ends {
  const { units, sum, sumOfSquares } = total
  if (units < 100) return [lo, hi]
  const variance = sumOfSquares / units - (sum / units) ** 2
  if (variance <= 1e-12 * (sumOfSquares / units)) return [lo, hi]
  const reach = 3 * Math.sqrt(variance)
  const above = sum - lo * units
  const below = hi * units - sum
  return [
    below > 0 ? Math.max(lo, (hi * sum - sumOfSquares) / below - reach) : lo,
    above > 0 ? Math.min(hi, (sumOfSquares - lo * sum) / above + reach) : hi,
  ]
}

/** `pool = (S + l + g)/(N + 2)` */
export function pooledMean(total: Tally, [low, high]: Ends): number {
  return (total.sum + low + high) / (total.units + 2)
}

/** `m_a = (S_a + 2 pool)/(N_a + 2)` */
export function predictedMean(known: Tally, pool: number): number {
  return (known.sum + 2 * pool) / (known.units + 2)
}

/**
 * `σ²_a = (Q_a + 3(l² + g²))/(N_a + 6) − t_a²`, `t_a = (S_a + 3(l + g))/(N_a + 6)`: three
 * pseudo-observations at each end, so that an arm that has been unlucky does not look certain.
 * Summed as squares around t_a: the difference of the formula would lose all its digits, and its
 * sign, on 1e9 like outcomes.
 */
export function predictedVariance(known: Tally, [low, high]: Ends): number {
  const centre = (known.sum + 3 * (low + high)) / (known.units + 6)
  const pseudo = 3 * ((low - centre) ** 2 + (high - centre) ** 2)
  return (squaresAround(known, centre) + pseudo) / (known.units + 6)
}

export function checkRange([lo, hi]: Ends): void {
  if (lo < hi && Number.isFinite(hi - lo)) return
  throw new RangeError(`Cannot predict outcomes: the range [${lo}, ${hi}] must be finite and not empty`)
}

/** `Σ (y − centre)² = Q − 2 centre S + n centre²`, never below 0. */
function squaresAround({ units, sum, sumOfSquares }: Tally, centre: number): number {
  if (units === 0) return 0
  const within = Math.max(0, sumOfSquares - sum ** 2 / units)
  return within + (sum - units * centre) ** 2 / units
}

function checkBatch({ snapshot, propensities, tallies }: Batch, armCount: number): void {
  if (Math.max(propensities.length, tallies.length) > armCount) {
    throw new RangeError(`Cannot score snapshot ${snapshot}: it has more than ${armCount} arms`)
  }
  for (let arm = 0; arm < tallies.length; arm++) {
    if (tallies[arm]?.units === 0 || (propensities[arm] ?? 0) > 0) continue
    throw new RangeError(`Cannot score the units of arm ${arm} in snapshot ${snapshot}: it was not active there`)
  }
}
