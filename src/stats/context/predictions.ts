// What a snapshot predicts of a unit's outcome from its context, frozen before the unit comes: the
// better it predicts, the narrower the intervals; a wrong one makes none of them wrong. With a
// numeric feature that is the same metric before the experiment this is CUPED (Deng et al. 2013),
// with a categorical one post-stratification, under a moving allocation AIPW (Robins, Rotnitzky &
// Zhao 1994, J. Amer. Statist. Assoc. 89). context.md E.
import { type Ends, outcomeEnds, pooledMean, predictedMean, predictedVariance } from '../lift/prediction.ts'
import { packedLength } from '../numerics/packed-matrix.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../tally.ts'
import type { ArmMoments } from './moments.ts'
import { fitSlopes, type SlopesFit } from './slopes-fit.ts'

/** The predictions of a snapshot for one metric, as they are kept with it: JSON. */
export interface FrozenPredictions {
  /** `l` and `g`, where the outcomes lie: every prediction is clamped to them. */
  readonly ends: Ends
  /** Null where the arm is not active under the snapshot. */
  readonly arms: readonly (ArmPrediction | null)[]
}

export interface ArmPrediction {
  /** `m_a`, the predicted mean at the arm's own mean context. */
  readonly mean: number
  /** `γ_a`, for x without its leading 1: d − 1 numbers. */
  readonly slopes: readonly number[]
  /** `x̄_a`, likewise; zeros for an arm without units. */
  readonly centre: readonly number[]
  /** `μ_a = m_a(x̄)`, the prediction at the mean context of all units. */
  readonly level: number
  /** `σ²_a` > 0, the spread of an outcome around its prediction. */
  readonly variance: number
}

export interface PredictionOptions {
  /** Outcomes lie in [lo, hi], in the metric's unit. */
  readonly range: Ends
  readonly isAdjusted: boolean
  readonly active: readonly boolean[]
}

/**
 * From the effective moments of all earlier mature batches on the metric, never discounted nor
 * started warm. With `l, g` and `pool` of the totals as in lift/prediction.ts:
 *
 *     m_a = (S_a + 2 pool)/(N_a + 2)
 *     m_a(x) = clamp(m_a + γ_aᵀ(x − x̄_a), l, g)     μ_a = m_a(x̄)
 *     t_a = (S_a + 3(l + g))/(N_a + 6)
 *     σ²_a = max( (Q_a + 3(l² + g²))/(N_a + 6) − t_a² − explained_a/(N_a + 6),
 *                 3((l − t_a)² + (g − t_a)²)/(N_a + 6) )
 *
 * γ, x̄ and explained are those of slopes-fit.ts; all 0 with `isAdjusted` false, for an arm without
 * units, and while nothing is known. Against 40 digits: 1e-9 (tests/golden/context/scores.json).
 *
 * @throws RangeError when the moments are not those of any units.
 */
export function freezePredictions(
  moments: readonly ArmMoments[],
  { range, isAdjusted, active }: PredictionOptions,
): FrozenPredictions {
  const tallies = moments.map(tallyOf)
  const total = tallies.reduce(addTallies, EMPTY_TALLY)
  const ends = outcomeEnds(total, range)
  const pool = pooledMean(total, ends)
  const fit = isAdjusted ? fitSlopes(moments) : null
  const arms = moments.map((own, arm): ArmPrediction | null => {
    if (!active[arm]) return null
    const tally = tallies[arm] as Tally
    const mean = predictedMean(tally, pool)
    const { slopes, centre, explained } = adjustmentOf(own, fit, arm)
    const overall = [...(fit?.meanContext ?? [])].slice(1)
    const level = clamp(mean + differenceAt(slopes, centre, overall), ends)
    return { mean, slopes, centre, level, variance: varianceOf(tally, ends, explained) }
  })
  return { ends, arms }
}

/** Frozen predictions made ready. */
export class Predictions {
  readonly #ends: Ends
  readonly #arms: readonly (ReadyPrediction | null)[]

  constructor({ ends, arms }: FrozenPredictions) {
    this.#ends = ends
    this.#arms = arms.map(arm => {
      if (arm === null) return null
      const { mean, slopes, centre, level, variance } = arm
      return { level, variance, offset: mean + differenceAt(slopes, centre, []), slopes: Float64Array.from(slopes) }
    })
  }

  isActive(arm: number): boolean {
    return this.#arms[arm] != null
  }

  /** `m_a(x)`, in the metric's unit, of an active arm. */
  at(arm: number, x: Float64Array): number {
    const { offset, slopes } = this.#arms[arm] as ReadyPrediction
    let sum = offset
    for (let column = 0; column < slopes.length; column++) {
      sum += (slopes[column] as number) * (x[column + 1] as number)
    }
    return clamp(sum, this.#ends)
  }

  /** `μ_a` of an active arm. */
  level(arm: number): number {
    return (this.#arms[arm] as ReadyPrediction).level
  }

  /** `σ²_a` of an active arm. */
  variance(arm: number): number {
    return (this.#arms[arm] as ReadyPrediction).variance
  }
}

interface ReadyPrediction {
  readonly level: number
  readonly variance: number
  /** `m_a − γ_aᵀ x̄_a` */
  readonly offset: number
  readonly slopes: Float64Array
}

/** An arm's effective count, sum and sum of squares. */
export function tallyOf({ xx, xy, yy }: ArmMoments): Tally {
  return { units: xx[0] as number, sum: xy[0] as number, sumOfSquares: yy }
}

function adjustmentOf({ xx, xy }: ArmMoments, fit: SlopesFit | null, arm: number) {
  const units = xx[0] as number
  const columns = Array.from({ length: xy.length - 1 }, (_, column) => column + 1)
  const centre = columns.map(column => (units === 0 ? 0 : (xx[packedLength(column)] as number) / units))
  const own = units === 0 ? undefined : fit?.arms[arm]
  const slopes = columns.map(column => own?.coefficients[column] ?? 0)
  return { slopes, centre, explained: own?.explained ?? 0 }
}

function varianceOf(tally: Tally, [low, high]: Ends, explained: number): number {
  const around = (tally.sum + 3 * (low + high)) / (tally.units + 6)
  const least = (3 * ((low - around) ** 2 + (high - around) ** 2)) / (tally.units + 6)
  return Math.max(predictedVariance(tally, [low, high]) - explained / (tally.units + 6), least)
}

/** `γᵀ(x − x̄_a)`; an empty x stands for zeros. */
function differenceAt(slopes: readonly number[], centre: readonly number[], x: readonly number[]): number {
  return slopes.reduce((sum, slope, column) => sum + slope * ((x[column] ?? 0) - (centre[column] ?? 0)), 0)
}

function clamp(value: number, [low, high]: Ends): number {
  return Math.min(high, Math.max(low, value))
}
