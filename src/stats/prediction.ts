// What the earlier batches predict of every arm before each batch, and how far the batch then departed from it.
// Computed once for a ledger and shared by all its contrasts: with K arms a report asks for some 3K of them. Only
// mature batches count.
import { type Batch, type Ledger, matureBatches } from './ledger.ts'
import { addTallies, EMPTY_TALLY, type Tally } from './tally.ts'

/** One arm's numbers, a value for each batch. */
export interface ArmColumns {
  /** `p_s(a)`; 0 where the arm was not active, and then the rest is 0 too. */
  readonly propensity: Float64Array
  /** `m_a`, the predicted mean. */
  readonly mean: Float64Array
  /**
   * `σ²_a / p_s(a)`: what a unit adds to the variance of a score with coefficient 1. Above 0 where the arm was active.
   */
  readonly scoreVariance: Float64Array
  /** `r_a = (S(a) − n(a) m_a) / p_s(a)` */
  readonly residual: Float64Array
  /** `k_a = (Q(a) − 2 m_a S(a) + n(a) m_a²) / p_s(a)²` */
  readonly residualSquare: Float64Array
}

export interface PredictedLedger {
  readonly batchCount: number
  /** `n`: the units of each batch, over all arms. */
  readonly units: Float64Array
  readonly arms: readonly ArmColumns[]
}

/**
 * The predictions for `armCount` arms on a metric whose outcomes lie in `range = [lo, hi]`, in the metric's own unit.
 * Every batch is predicted by the plain counts of all batches before it (predictable, so the scores are martingale
 * differences: Hadad et al. 2021, PNAS 118; Bibaut et al. 2021). A binary metric needs no mark: on [0, 1] its ends come
 * out as 0 and 1 by themselves.
 *
 * @throws RangeError when lo < hi does not hold, or when an arm has units in a batch where it had no propensity.
 */
export function predictBatches(
  ledger: Ledger,
  armCount: number,
  range: readonly [lo: number, hi: number],
): PredictedLedger {
  checkRange(range)
  const batches = matureBatches(ledger)
  const units = new Float64Array(batches.length)
  const arms = Array.from({ length: armCount }, () => emptyColumns(batches.length))
  const known = new Array<Tally>(armCount).fill(EMPTY_TALLY)
  let total = EMPTY_TALLY
  batches.forEach((batch, row) => {
    checkBatch(batch, armCount)
    const ends = outcomeEnds(total, range)
    const pool = pooledMean(total, ends)
    arms.forEach((columns, arm) => {
      const propensity = batch.propensities[arm] ?? 0
      if (propensity === 0) return
      const tally = batch.tallies[arm] ?? EMPTY_TALLY
      const before = known[arm] ?? EMPTY_TALLY
      const mean = predictedMean(before, pool)
      columns.propensity[row] = propensity
      columns.mean[row] = mean
      columns.scoreVariance[row] = predictedVariance(before, ends) / propensity
      columns.residual[row] = (tally.sum - tally.units * mean) / propensity
      columns.residualSquare[row] = squaresAround(tally, mean) / propensity ** 2
      known[arm] = addTallies(before, tally)
      total = addTallies(total, tally)
      units[row] = (units[row] ?? 0) + tally.units
    })
  })
  return { batchCount: batches.length, units, arms }
}

/** Where the outcomes of a metric lie, as far as is known. */
export type Ends = readonly [low: number, high: number]

/**
 * `l` and `g`: the range, narrowed to where the data are once there are 100 units that are not all alike. `S − lo N`
 * weighs outcomes by their height above lo, so `(Q − lo S)/(S − lo N)` is the mean as seen by the large ones; three sd
 * further lies the end.
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
 * `σ²_a = (Q_a + 3(l² + g²))/(N_a + 6) − t_a²`, `t_a = (S_a + 3(l + g))/(N_a + 6)`: three pseudo-observations at each
 * end, so that an arm that has been unlucky does not look certain. Summed as squares around t_a: the difference of the
 * formula would lose all its digits, and its sign, on 1e9 like outcomes.
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
  tallies.forEach(({ units }, arm) => {
    if (units === 0 || (propensities[arm] ?? 0) > 0) return
    throw new RangeError(`Cannot score the units of arm ${arm} in snapshot ${snapshot}: it was not active there`)
  })
}

function emptyColumns(length: number): ArmColumns {
  return {
    propensity: new Float64Array(length),
    mean: new Float64Array(length),
    scoreVariance: new Float64Array(length),
    residual: new Float64Array(length),
    residualSquare: new Float64Array(length),
  }
}
